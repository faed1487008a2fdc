/** Prints how it was run, for the test of {@link becomeProgram}. */
console.log(JSON.stringify([process.env['P2PTV_COMMAND'], ...process.argv.slice(2)]));
