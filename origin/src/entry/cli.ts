#!/usr/bin/env node
import { runCli } from './run-cli.js';

// Not only the exit code: when a start fails half-way, ports that are open already must not keep it alive.
process.exit(await runCli(process.argv.slice(2), process.env['P2PTV_COMMAND']));
