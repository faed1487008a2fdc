/** One picture as a track brought it. */
export type VideoFrame = {
  /** RTP, 32 bits, 90 kHz. */
  readonly timestamp: number;
  /** As Matroska holds it: VP8 as it is, H.264 with a length of four bytes before each NAL unit. */
  readonly data: Buffer;
  readonly isKey: boolean;
  /** Of a key frame: what a decoder has to know first. */
  readonly configuration: VideoConfiguration | undefined;
};

/** Size of the picture, pixels, and H.264's decoder configuration record. */
export type VideoConfiguration = { readonly width: number; readonly height: number; readonly codecPrivate: Buffer | undefined };

/** Puts pictures together from packets in order. */
export interface Depacketizer {
  /** Takes the next packet's payload; gives the picture that it ends, if it ends one. */
  push(packet: { readonly timestamp: number; readonly isMarked: boolean; readonly payload: Uint8Array }): VideoFrame | undefined;
  /** Packets are missing: what has been gathered is of no use. */
  reset(): void;
}

/** A picture does not grow beyond this, whatever is sent. */
export const MAX_FRAME_BYTES = 4 * 1024 * 1024;
