export type { Clock, Random } from './ports.js';
export { randomInteger, seededRandom, shuffled } from './seeded-random.js';
export { CROWD_WARM_PEERS, LIMITS } from './limits.js';
export {
  chunkKey,
  chunkOfKey,
  deriveStreamId,
  isPeerId,
  isSlug,
  isStreamId,
  peerIdFromBytes,
  STRIPE_COUNT,
  stripeOf,
  type ChunkKey,
  type ChunkSequence,
  type PeerId,
  type RenditionId,
  type StreamId,
} from './ids.js';
export {
  digest,
  DIGEST_BYTES,
  isEqualBytes,
  keyPairFromSecret,
  PUBLIC_KEY_BYTES,
  sign,
  SIGNATURE_BYTES,
  verify,
  type KeyPair,
} from './signing.js';
export {
  BLOCK_BYTES,
  blockCountOf,
  blockLengthOf,
  decodeChunkHeader,
  encodeChunkHeader,
  encodedHeaderBytes,
  HEADER_VERSION,
  signatureOf,
  signedChunkHeader,
  signedPortion,
  type ChunkHeader,
  type SignedChunkHeader,
} from './chunk-header.js';
export { decodeHeaderBatch, encodeHeaderBatch } from './header-batch.js';
export {
  decodeSignedText,
  encodeSignedText,
  openSignedText,
  type SignedBytes,
  type SignedTextDomain,
  type Signer,
  type UncheckedText,
} from './signed-text.js';
export {
  decodeStreamRecord,
  encodePublicKey,
  encodeStreamRecord,
  openStreamRecord,
  type ExpectedRecord,
  type Rendition,
  type StreamRecord,
  type UncheckedRecord,
} from './stream-record.js';
export {
  formatMagnetLink,
  formatWatchUrl,
  isStreamLink,
  parseStreamLink,
  type StreamLink,
  type StreamLinkProblem,
} from './stream-link.js';
export { isViewerToken, VIEWER_TOKEN_CHARACTERS, viewerTokenOf, withViewerToken } from './viewer-token.js';
export { decodeTicket, encodeTicket, type PeerRole, type Ticket } from './ticket.js';
export {
  encodePublisherProof,
  isPublisherProofValid,
  type PublisherClaim,
  type PublisherProof,
} from './publisher-proof.js';
export {
  NO_DEADLINE_MS,
  NO_OFFER,
  renditionBit,
  WIRE_VERSION,
  type BlockRange,
  type ByeReason,
  type ChunkRef,
  type Holding,
  type NamedPeer,
  type PeerStatus,
  type RejectReason,
  type StripeRef,
  type WireMessage,
} from './wire-message.js';
export { isRelayable } from './exchange-codec.js';
export { decodeMessage, encodedMessageBytes, encodeMessage, type DecodedFrame } from './wire-codec.js';
export {
  dutyMapSchema,
  dutySchema,
  joinAnswerSchema,
  joinRequestSchema,
  neighboursAnswerSchema,
  neighboursWantedSchema,
  peerDescriptionSchema,
  reportSchema,
  seededSchema,
  signalSchema,
  reportIntervalChangeSchema,
  ticketRenewalSchema,
  TRACKER_SOCKET_PATH,
  type Duty,
  type DutyMap,
  type IceServer,
  type JoinRequest,
  type NeighboursAnswer,
  type NeighboursWanted,
  type PeerDescription,
  type PeerReport,
  type PeerToTrackerEvents,
  type Seeded,
  type Signal,
  type SignalBody,
  type SwarmScrape,
  type ReportIntervalChange,
  type TicketRenewal,
  type TrackerJoinAnswer,
  type TrackerToPeerEvents,
} from './tracker-contract.js';
export {
  HEADERS_WAIT_MS,
  JOIN_LENGTH_BYTES,
  JOIN_WITH_MEDIA_TYPE,
  joinAnswerFromOriginSchema,
  STREAM_PATHS,
  RECORDING_ORDERS,
  recordingListingSchema,
  recordingListSchema,
  dvrPreviewsSchema,
  seekPreviewsSchema,
  captionTrackSchema,
  captionSlotSchema,
  liveCaptionsSchema,
  streamListingSchema,
  streamListSchema,
  type OriginBytes,
  type OriginJoinAnswer,
  type RecordingListing,
  type DvrPreviews,
  type SeekPreviews,
  type CaptionSlot,
  type CaptionTrack,
  type LiveCaptions,
  type StreamListing,
} from './origin-contract.js';
export { BEACON_BYTES, BEACON_INTERVAL_MS, clampBeacon, viewerBeaconSchema, type ViewerBeacon } from './viewer-beacon.js';
export {
  MediaTimeline,
  type AppendResult,
  type TimelinePosition,
  type TimelineSegment,
} from './media-timeline.js';
export {
  isTooFarAhead,
  parseDeliveryDirectives,
  type DeliveryDirectives,
  type DirectiveProblem,
} from './delivery-directives.js';
export { renderMediaPlaylist, type MediaPlaylistOptions, type RenditionReport } from './media-playlist.js';
export { renderRecordingPlaylist, type RecordingPlaylistOptions } from './recording-playlist.js';
export {
  LISTED_DATE_TOLERANCE_MS,
  packSegments,
  segmentListSchema,
  unpackSegments,
  type RecordedSegment,
  type SegmentList,
  type SegmentRun,
} from './segment-list.js';
export { isoDate } from './playlist-values.js';
export { captionsName, renderMultivariantPlaylist } from './multivariant-playlist.js';
export { captionChannelOf, captionPairsOf, CAPTION_CHANNELS, type CaptionChannel, type CaptionPair } from './picture-captions.js';
