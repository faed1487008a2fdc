/** What any remote may make us hold or do. Each limit names the attack that it bounds. */
export const LIMITS = {
  /** Bytes of one data-channel message: a block and its frame; also what every WebRTC stack accepts. Bounds memory a frame. */
  frameBytes: 17 * 1024,
  /** Bytes of a chunk (4 MiB = 160 Mb/s in 200 ms parts). Bounds what one signed header can make a peer reserve. */
  chunkBytes: 4 * 1024 * 1024,
  /** Chunk headers ahead of the newest that we hold which one link may announce. Bounds a replay of an old log as the future. */
  headersAheadOfEdge: 64,
  /** Chunk headers in one answer of `headers?after=`, and in one HELLO's holdings. */
  headersPerAnswer: 128,
  /** Requests one neighbour may have waiting with us. Bounds queue memory. */
  requestsPerLink: 64,
  /** Signature checks waiting for one link; beyond it headers are dropped. Bounds CPU burnt by forged headers. */
  pendingSignaturesPerLink: 32,
  /** Links of one peer, incoming included. Bounds sockets and ICE agents. */
  links: 32,
  /** Bytes of a signalled SDP or candidate. Bounds the tracker's relay. */
  signalBytes: 8 * 1024,
  /** Bytes of any Socket.IO message to the tracker. */
  trackerMessageBytes: 16 * 1024,
  /** Tracker messages a second from one socket, and the burst above it. */
  trackerMessagesPerSecond: 50,
  trackerMessageBurst: 200,
  /** Joins a second from one address, and the burst above it (several viewers may share a NAT). */
  joinsPerSecond: 10,
  joinBurst: 60,
  /** Bytes of a signed stream record, encoded. */
  recordBytes: 16 * 1024,
  /** Renditions of a stream. */
  renditions: 16,
} as const;
