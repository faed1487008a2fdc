import type { CaptionTrack } from '@p2ptv/protocol';

/** A language as browsers know it, and what its own speakers call it; of several in it each has a name of its own (RFC 8216bis section 4.4.6.1.1). */
export function namedTrack(language: string | undefined, others: readonly CaptionTrack[]): CaptionTrack {
  const [tag = 'und'] = language === undefined || language === 'und' ? [] : canonical(language);
  const spoken = tag === 'und' ? undefined : new Intl.DisplayNames([tag], { type: 'language' }).of(tag);
  if (spoken === undefined || spoken === tag) return { language: tag, name: `Captions ${others.length + 1}` };
  const before = others.filter((other) => other.language === tag).length;
  return { language: tag, name: before === 0 ? spoken : `${spoken} ${before + 1}` };
}

function canonical(language: string): string[] {
  try {
    return Intl.getCanonicalLocales(language);
  } catch {
    return [];
  }
}
