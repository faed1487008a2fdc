/**
 * So many warm peers in a join answer mean a crowd that can feed a newcomer from its first seconds
 * on: the origin then lets it in for the answer alone.
 */
export const CROWD_WARM_PEERS = 4;

/** What any remote may make us hold or do. Each limit names the attack that it bounds. */
export const LIMITS = {
  /** Bytes of one data-channel message: a block and its frame; also what every WebRTC stack accepts. Bounds memory a frame. */
  frameBytes: 17 * 1024,
  /** Bytes of a chunk (4 MiB = 160 Mb/s in 200 ms parts). Bounds what one signed header can make a peer reserve. */
  chunkBytes: 4 * 1024 * 1024,
  /** Chunk headers ahead of the newest that we hold which one link may announce. Bounds a replay of an old log as the future. */
  headersAheadOfEdge: 64,
  /** Chunk headers in one header batch. Bounds memory and signature checks that one answer causes. */
  headersPerAnswer: 128,
  /** Bytes of the parts that one join answer brings: 16 MiB are 8 s of 16 Mb/s. Bounds what unsigned headers can make a viewer keep. */
  joinMediaBytes: 16 * 1024 * 1024,
  /** Requests one neighbour may have waiting with us. Bounds queue memory, against one that asks for everything. */
  requestsPerLink: 64,
  /** Signature checks waiting for one link; beyond it headers are dropped. Bounds CPU burnt by forged headers. */
  pendingSignaturesPerLink: 32,
  /** Links of one peer, incoming included. Bounds sockets and ICE agents, against a crowd that dials one peer. */
  links: 32,
  /** Links of the origin's seeder, which dials those on duty and accepts nobody. Bounds them against a tracker gone wrong. */
  seederLinks: 8_192,
  /** Bytes of one HOLDINGS: 2,048 chunks, 6.8 min in parts of 200 ms. Bounds what one message makes us walk through. */
  holdingsBytes: 256,
  /** Chunks of one neighbour that are remembered by HOLDINGS, 16 KiB: 7.3 h in parts of 200 ms. Bounds memory a link, against one that has everything. */
  holdingsPerLink: 131_072,
  /** Peers that one PEERS names. Bounds memory a link, against one that names a world of peers. */
  peersPerMessage: 16,
  /** Least ms from one PEERS of a link to the next; others are not read. Bounds CPU, against a flood of names. */
  peersIntervalMs: 1_000,
  /** RELAYs a second that one link may send, and the burst above it; others are dropped. Bounds forwarding, and ticket checks where they end. */
  relaysPerSecond: 16,
  relayBurst: 96,
  /** Bytes a second of one link's RELAYs, and the burst above them. Bounds the uplink of who forwards, against its use as a pipe. */
  relayBytesPerSecond: 16 * 1024,
  relayBurstBytes: 96 * 1024,
  /** Bytes a second that a peer forwards for all its links, and the burst above them. Bounds the same, against many together. */
  forwardedBytesPerSecond: 32 * 1024,
  forwardedBurstBytes: 192 * 1024,
  /** Characters (ASCII) of a signalled SDP. Bounds the tracker's relay, against its use as a pipe. */
  signalBytes: 8 * 1024,
  /** Bytes of any Socket.IO message to the tracker. Bounds memory a socket. */
  trackerMessageBytes: 16 * 1024,
  /** Tracker messages a second from one socket, and the burst above it. Bounds CPU a socket, against floods. */
  trackerMessagesPerSecond: 50,
  trackerMessageBurst: 200,
  /** Joins a second from one address, and the burst above it (several viewers may share a NAT). Bounds ticket signing. */
  joinsPerSecond: 10,
  joinBurst: 60,
  /** Characters of a signed stream record, encoded. Bounds what is parsed on a stranger's word. */
  recordBytes: 16 * 1024,
  /** Segments of what is kept of a stream, as the origin lists them: 111 h of 2 s each. Bounds what an unsigned list can make a viewer keep. */
  recordedSegments: 200_000,
  /** Parts of one segment: 60 s of 20 ms each. Bounds what one entry of such a list can make a viewer ask for. */
  partsPerSegment: 3_000,
  /** Bytes of such a list as it is sent. Bounds what is parsed on a stranger's word. */
  segmentListBytes: 8 * 1024 * 1024,
  /** Renditions of a stream. Bounds state, against references to renditions that do not exist. */
  renditions: 16,
} as const;
