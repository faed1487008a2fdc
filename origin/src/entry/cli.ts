#!/usr/bin/env node
process.stderr.write('p2ptv: no command is built in yet\n');
process.exitCode = 1;
