#!/usr/bin/env node
import { runCli } from './run-cli.js';

// Not only the exit code: what a failed run has left open must not keep the process alive.
process.exit(await runCli(process.argv.slice(2)));
