import { useEffect, useRef, useState, type ReactElement } from 'react';
import { ChannelChoice } from '../studio/channel-choice.js';
import { LevelMeter } from '../studio/level-meter.js';
import { findStudioSubject, type StudioChannel, type StudioSubject } from '../studio/studio-channel.js';
import { useBroadcast, type BroadcastPhase } from '../studio/use-broadcast.js';
import { useCapture } from '../studio/use-capture.js';
import { ViewersView } from '../studio/viewers-view.js';
import '../styles/studio.css';

/** Where somebody goes live from the browser: camera or screen or neither, microphone, stream key. */
export function StudioPage({ slug: named }: { readonly slug: string | undefined }): ReactElement {
  const [subject, setSubject] = useState<StudioSubject>();
  useEffect(() => {
    const controller = new AbortController();
    findStudioSubject(named, controller.signal).then(setSubject, () => undefined);
    return () => controller.abort();
  }, [named]);
  useEffect(() => {
    document.title = 'Studio · P2PTV';
  }, []);
  const channel = subject?.kind === 'channel' ? subject.channel : undefined;
  return (
    <main className="page studio-page" aria-busy={!subject}>
      <div className="studio-head">
        <h1>Studio</h1>
        {channel && (
          <p className="muted">
            Goes live as <a href={`/watch/${channel.slug}`}>{channel.slug}</a>
          </p>
        )}
      </div>
      {!isSecureContext && <InsecureNote />}
      {isSecureContext && channel && <Desk channel={channel} />}
      {isSecureContext && subject?.kind === 'choice' && <ChannelChoice named={named} {...subject} />}
    </main>
  );
}

function Desk({ channel: { slug, title: titleBefore = '' } }: { readonly channel: StudioChannel }): ReactElement {
  const capture = useCapture();
  const broadcast = useBroadcast(slug);
  const [picture, setPicture] = useState('camera');
  const [microphone, setMicrophone] = useState<string>();
  const [streamKey, setStreamKey] = useState('');
  const [title, setTitle] = useState(titleBefore);
  const [isWatched, setIsWatched] = useState(false);
  const previewRef = useRef<HTMLVideoElement>(null);
  const { media, open } = capture;
  const { phase, fetchStatus } = broadcast;
  useEffect(() => {
    if (previewRef.current) previewRef.current.srcObject = media ?? null;
  }, [media]);

  const choose = (nextPicture: string, nextMicrophone: string | undefined): void => {
    setPicture(nextPicture);
    setMicrophone(nextMicrophone);
    const deviceId = nextPicture === 'camera' ? undefined : nextPicture;
    open(nextPicture === 'screen' || nextPicture === 'none' ? { kind: nextPicture } : { kind: 'camera', deviceId }, nextMicrophone);
  };
  const isOnAir = phase.kind !== 'idle' && phase.kind !== 'refused';
  return (
    <div className="studio-desk">
      <div className="studio-pictures">
        <div className="studio-preview" data-phase={phase.kind}>
          <video ref={previewRef} autoPlay muted playsInline className={picture === 'screen' ? '' : 'is-mirrored'} />
          {!media && (
            <button type="button" className="button" onClick={() => choose(picture, microphone)}>
              {picture === 'none' ? 'Turn on microphone' : 'Turn on camera and microphone'}
            </button>
          )}
          {phase.kind === 'live' && <span className="badge badge-live studio-badge">On air</span>}
        </div>
        {isWatched && phase.kind === 'live' && <ViewersView slug={slug} fetchStatus={fetchStatus} />}
      </div>
      <form
        className="studio-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (isOnAir) broadcast.stop();
          else if (media) broadcast.start({ streamKey: streamKey.trim(), title: title.trim() || undefined, media });
        }}
      >
        <label>
          Picture
          <select className="input" value={picture} disabled={isOnAir} onChange={(event) => choose(event.target.value, microphone)}>
            <option value="camera">Camera</option>
            {capture.cameras.map(({ deviceId, label }) => (
              <option key={deviceId} value={deviceId}>
                {label || 'Another camera'}
              </option>
            ))}
            <option value="screen">Screen or window</option>
            <option value="none">None: sound alone</option>
          </select>
        </label>
        <label>
          Microphone
          <select className="input" value={microphone ?? ''} disabled={isOnAir} onChange={(event) => choose(picture, event.target.value || undefined)}>
            <option value="">Default microphone</option>
            {capture.microphones.map(({ deviceId, label }) => (
              <option key={deviceId} value={deviceId}>
                {label || 'Another microphone'}
              </option>
            ))}
          </select>
        </label>
        <LevelMeter media={media} />
        <label>
          Title
          <input className="input" type="text" maxLength={200} value={title} disabled={isOnAir} onChange={(event) => setTitle(event.target.value)} />
        </label>
        <label>
          Stream key
          <input
            className="input"
            type="password"
            autoComplete="current-password"
            required
            value={streamKey}
            disabled={isOnAir}
            placeholder="shown where the origin was started"
            onChange={(event) => setStreamKey(event.target.value)}
          />
        </label>
        <button type="submit" className={`button ${isOnAir ? 'button-stop' : ''}`} disabled={!media || streamKey.trim() === ''}>
          {isOnAir ? 'Stop' : 'Go live'}
        </button>
        <p className={phase.kind === 'refused' || capture.problem !== undefined ? 'problem' : 'muted'} role="status">
          {capture.problem ?? sentenceOf(phase)}
        </p>
        {phase.kind === 'live' && (
          <button type="button" className="button button-quiet" aria-pressed={isWatched} onClick={() => setIsWatched(!isWatched)}>
            {isWatched ? 'Hide what viewers see' : 'Show what viewers see'}
          </button>
        )}
      </form>
    </div>
  );
}

function sentenceOf(phase: BroadcastPhase): string {
  switch (phase.kind) {
    case 'idle':
      return 'Not on air.';
    case 'connecting':
      return 'Connecting …';
    case 'live':
      return 'You are on air.';
    case 'interrupted':
      return 'The connection is interrupted; waiting for it to come back …';
    case 'reconnecting':
      return `The connection broke. Trying again (${phase.attempt}) …`;
    case 'refused':
      return phase.message;
  }
}

function InsecureNote(): ReactElement {
  return (
    <div className="studio-note">
      <h2>This page may not use your camera</h2>
      <p>Browsers give camera and microphone only to pages with a secure address. Any of these will do:</p>
      <ul>
        <li>
          open the studio on the machine that the origin runs on, at <code>http://localhost:{location.port || '80'}/studio</code>;
        </li>
        <li>
          start the origin with a certificate: <code className="command" tabIndex={0}>npm start -- --tls-cert cert.pem --tls-key key.pem --input whip</code>
        </li>
        <li>put a proxy with a certificate in front of it.</li>
      </ul>
    </div>
  );
}
