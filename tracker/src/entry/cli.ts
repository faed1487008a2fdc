#!/usr/bin/env node
import process from 'node:process';
import { runTrackerCommand } from './tracker-command.js';

const stopped = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      resolve();
      // Whoever asks twice doesn't want to wait.
      process.once(signal, () => process.exit(1));
    });
  }
});

process.exitCode = await runTrackerCommand(process.argv.slice(2), {
  typed: process.env['P2PTV_COMMAND'],
  print: (text) => process.stdout.write(text),
  printError: (text) => process.stderr.write(text),
  stopped,
});
