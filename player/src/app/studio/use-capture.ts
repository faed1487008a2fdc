import { useCallback, useEffect, useState } from 'react';

/** Where the picture comes from. `none`: only the microphone is captured. */
export type PictureSource = { readonly kind: 'camera'; readonly deviceId: string | undefined } | { readonly kind: 'screen' | 'none' };

/** What is captured, and what could be. */
export type Capture = {
  readonly media: MediaStream | undefined;
  readonly cameras: readonly MediaDeviceInfo[];
  readonly microphones: readonly MediaDeviceInfo[];
  /** Why there is none, for people. */
  readonly problem: string | undefined;
  readonly open: (picture: PictureSource, microphoneId: string | undefined) => void;
};

const VIDEO = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } } as const;

/** Captures a camera, the screen or no picture, with a microphone. */
export function useCapture(): Capture {
  const [media, setMedia] = useState<MediaStream>();
  const [devices, setDevices] = useState<readonly MediaDeviceInfo[]>([]);
  const [problem, setProblem] = useState<string>();

  const open = useCallback((picture: PictureSource, microphoneId: string | undefined) => {
    setProblem(undefined);
    capture(picture, microphoneId).then(
      async (captured) => {
        setMedia((before) => {
          before?.getTracks().forEach((track) => track.stop());
          return captured;
        });
        // Names of devices are told only to those who may use them.
        setDevices(await navigator.mediaDevices.enumerateDevices());
      },
      (error: unknown) => setProblem(problemOf(error)),
    );
  }, []);

  useEffect(() => () => media?.getTracks().forEach((track) => track.stop()), [media]);

  return {
    media,
    cameras: devices.filter(({ kind }) => kind === 'videoinput'),
    microphones: devices.filter(({ kind }) => kind === 'audioinput'),
    problem,
    open,
  };
}

async function capture(picture: PictureSource, microphoneId: string | undefined): Promise<MediaStream> {
  const audio = microphoneId === undefined ? true : { deviceId: { exact: microphoneId } };
  if (picture.kind === 'camera') {
    const video = picture.deviceId === undefined ? VIDEO : { ...VIDEO, deviceId: { exact: picture.deviceId } };
    return navigator.mediaDevices.getUserMedia({ video, audio });
  }
  if (picture.kind === 'none') return navigator.mediaDevices.getUserMedia({ audio });
  const screen = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: 30 }, audio: false });
  const sound = await navigator.mediaDevices.getUserMedia({ audio });
  return new MediaStream([...screen.getVideoTracks(), ...sound.getAudioTracks()]);
}

function problemOf(error: unknown): string {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError') return 'The browser was not allowed to use it: permit camera and microphone for this page.';
  if (name === 'NotFoundError') return 'There is no camera or no microphone on this device.';
  if (name === 'NotReadableError') return 'Another program is using the camera or the microphone.';
  return 'Camera and microphone cannot be used here.';
}
