#!/usr/bin/env node
process.stderr.write('bench: no suite is built in yet\n');
process.exitCode = 1;
