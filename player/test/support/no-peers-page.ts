import Hls from 'hls.js';
import { attachP2ptv } from '../../src/library/attach-p2ptv.js';
import type { P2ptvAttachment } from '../../src/library/attachment.js';

/** What the browser test reads. */
export type NoPeersPage = { readonly attachment: P2ptvAttachment };

const video = document.querySelector('video') ?? document.createElement('video');
const hls = new Hls();
const link = new URLSearchParams(location.search).get('link') ?? '';
const page: NoPeersPage = { attachment: attachP2ptv(hls, { link, hasPeers: false }) };
hls.attachMedia(video);
(globalThis as unknown as { noPeers: NoPeersPage }).noPeers = page;
void video.play().catch(() => undefined);
