export { attachP2ptv, InvalidLinkError } from './attach-p2ptv.js';
export type {
  P2ptvAttachment,
  P2ptvCache,
  P2ptvEvents,
  P2ptvOptions,
  P2ptvState,
  P2ptvStats,
  PlainReason,
  QualityWish,
} from './attachment.js';
