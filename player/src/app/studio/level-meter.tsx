import { useEffect, useRef, type ReactElement } from 'react';

/** The quietest that is shown, dB below full scale. */
const FLOOR_DB = -60;

/** Shows how loud the microphone is. */
export function LevelMeter({ media }: { readonly media: MediaStream | undefined }): ReactElement {
  const barRef = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!media || media.getAudioTracks().length === 0) return;
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    context.createMediaStreamSource(media).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let frame = 0;
    const draw = (): void => {
      analyser.getFloatTimeDomainData(samples);
      const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
      const ratio = Math.max(0, Math.min(1, 1 - (20 * Math.log10(Math.max(peak, 1e-6))) / FLOOR_DB));
      if (barRef.current) barRef.current.style.transform = `scaleX(${ratio.toFixed(3)})`;
      frame = requestAnimationFrame(draw);
    };
    draw();
    return () => {
      cancelAnimationFrame(frame);
      void context.close();
    };
  }, [media]);
  return (
    <div className="level" role="img" aria-label="Level of the microphone">
      <div className="level-bar" ref={barRef} />
    </div>
  );
}
