import Server from 'bittorrent-tracker/server';

/** More than any run has: with its default it forgets all but a thousand peers. */
const MOST_PEERS = 1_000_000;

const server = new Server({ http: false, udp: false, ws: true, stats: false, peersCacheLength: MOST_PEERS });
server.once('listening', () => process.stdout.write(`listening ${server.ws.address().port}\n`));
server.listen(0, '127.0.0.1');
process.once('SIGTERM', () => process.exit());
