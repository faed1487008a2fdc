import type { ReactElement } from 'react';
import type { UploadPolicy } from '@p2ptv/peer';
import { formatBitrate } from '../format.js';
import { UPLOAD_CAPS_BITS_PER_SECOND } from '../upload-setting.js';

const DEFAULT_CAP = 2_000_000;

type UploadControlProps = {
  readonly policy: UploadPolicy;
  readonly onChange: (policy: UploadPolicy) => void;
};

/** The viewer's say about passing on what he watches. */
export function UploadControl({ policy, onChange }: UploadControlProps): ReactElement {
  const { mode } = policy;
  const cap = policy.mode === 'capped' ? policy.bitsPerSecond : DEFAULT_CAP;
  const caps = [...new Set([...UPLOAD_CAPS_BITS_PER_SECOND, cap])].sort((a, b) => a - b);
  const choices: readonly [UploadPolicy['mode'], string][] = [
    ['on', 'On'],
    ['capped', 'Limited'],
    ['off', 'Off'],
  ];
  const choose = (chosen: UploadPolicy['mode']): void =>
    onChange(chosen === 'capped' ? { mode: 'capped', bitsPerSecond: cap } : { mode: chosen });
  return (
    <fieldset className="upload">
      <legend className="figure-label">Pass on to others</legend>
      <div className="segmented">
        {choices.map(([value, word]) => (
          <label key={value} className={mode === value ? 'is-chosen' : ''}>
            <input type="radio" name="upload" value={value} checked={mode === value} onChange={() => choose(value)} />
            {word}
          </label>
        ))}
      </div>
      {mode === 'capped' && (
        <label className="cap">
          At most
          <select
            value={cap}
            onChange={(event) => onChange({ mode: 'capped', bitsPerSecond: Number(event.target.value) })}
          >
            {caps.map((bitsPerSecond) => (
              <option key={bitsPerSecond} value={bitsPerSecond}>
                {formatBitrate(bitsPerSecond)}
              </option>
            ))}
          </select>
        </label>
      )}
    </fieldset>
  );
}
