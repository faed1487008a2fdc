import { destination, pino, type Logger } from 'pino';
import pretty from 'pino-pretty';

import type { StartOptions } from './start-options.js';

/** Makes the log: lines for people, or JSON for machines, on standard output and at once. */
export function createLogger(options: Pick<StartOptions, 'log-level' | 'log-format'> & Partial<Pick<StartOptions, 'slug' | 'channels'>>): Logger {
  const settings = { level: options['log-level'], base: null };
  if (options['log-format'] === 'json') return pino(settings, destination({ sync: true }));
  // The one channel that flags describe need not be named in each line.
  const unnamed = options.channels ? undefined : options.slug;
  const stream = pretty({
    colorize: process.stdout.isTTY,
    translateTime: 'SYS:HH:MM:ss',
    // What the message says anyway; all of it is in the JSON format.
    ignore: 'pid,hostname,reqId,address,statusCode,lastLines,exitCode,codecs,port,streamId,neighbours,sentBytes,receivedBytes,keptBytes,isComplete,channel',
    messageFormat: ({ channel, msg }) => `${typeof channel === 'string' && channel !== unnamed ? `${channel}: ` : ''}${String(msg)}`,
    sync: true,
  });
  return pino(settings, stream);
}
