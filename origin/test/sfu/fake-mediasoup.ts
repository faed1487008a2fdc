import { EventEmitter } from 'node:events';

import type { MediasoupModule, MediasoupRouter, MediasoupWorker, ProducerParameters, RouterCodec } from '../../src/sfu/mediasoup/mediasoup-api.js';

/** A client's connection, whose events tests make up. */
export class FakeTransport extends EventEmitter {
  readonly id = 'transport';
  readonly iceParameters = { usernameFragment: 'us', password: 'secret' };
  readonly iceCandidates = [{ foundation: 'f', priority: 1, ip: '127.0.0.1', address: '127.0.0.1', port: 40_000 }];
  readonly dtlsParameters = { fingerprints: [{ algorithm: 'sha-256' as const, value: 'AB' }] };
  readonly produced: { readonly kind: string; readonly rtpParameters: ProducerParameters }[] = [];
  readonly producer = new FakeProducer();
  rtpBytesReceived = 0;
  isClosed = false;
  connect = (): Promise<void> => Promise.resolve();
  produce = (options: FakeTransport['produced'][number]): Promise<FakeProducer> => {
    this.produced.push(options);
    return Promise.resolve(this.producer);
  };
  getStats = (): Promise<{ rtpBytesReceived: number }[]> => Promise.resolve([{ rtpBytesReceived: this.rtpBytesReceived }]);
  close = (): void => {
    this.isClosed = true;
  };
}

class FakeProducer extends EventEmitter {
  readonly id = 'producer';
  enableTraceEvent = (): Promise<void> => Promise.resolve();
  getStats = (): Promise<{ packetCount: number; nackPacketCount: number; packetsRepaired: number }[]> => Promise.resolve([{ packetCount: 9, nackPacketCount: 2, packetsRepaired: 1 }]);
}

/** What brings packets here. */
export class FakeDirectTransport {
  readonly consumer = Object.assign(new EventEmitter(), { requestKeyFrame: (): Promise<void> => Promise.resolve() });
  isClosed = false;
  consume = (): Promise<FakeDirectTransport['consumer']> => Promise.resolve(this.consumer);
  close = (): void => {
    this.isClosed = true;
  };
}

/** mediasoup without its worker, as far as we use it. */
export class FakeMediasoup implements MediasoupModule {
  readonly version = '3.0.0';
  readonly workers: (EventEmitter & { isClosed: boolean })[] = [];
  readonly transports: FakeTransport[] = [];
  codecs: readonly RouterCodec[] = [];
  failure: Error | undefined;
  routerFailure: Error | undefined;
  directFailure: Error | undefined;

  createWorker(): Promise<MediasoupWorker> {
    if (this.failure) return Promise.reject(this.failure);
    const createRouter = ({ mediaCodecs }: { mediaCodecs: RouterCodec[] }): Promise<MediasoupRouter> => {
      if (this.routerFailure) return Promise.reject(this.routerFailure);
      this.codecs = mediaCodecs;
      return Promise.resolve({
        rtpCapabilities: {},
        createWebRtcTransport: () => {
          const transport = new FakeTransport();
          this.transports.push(transport);
          return Promise.resolve(transport);
        },
        createDirectTransport: () => (this.directFailure ? Promise.reject(this.directFailure) : Promise.resolve(new FakeDirectTransport())),
      });
    };
    const worker = Object.assign(new EventEmitter(), {
      isClosed: false,
      createRouter,
      close: () => {
        worker.isClosed = true;
      },
    });
    this.workers.push(worker);
    return Promise.resolve(worker);
  }
}
