import type { CaptionTrack } from '@p2ptv/protocol';

const LANGUAGE_CHARACTERS = 35;

/** A language as browsers know it, and what its own speakers call it; of several in it each has a name of its own (RFC 8216bis section 4.4.6.1.1). */
export function namedTrack(language: string | undefined, others: readonly CaptionTrack[]): CaptionTrack {
  const tag = canonicalLanguage(language);
  const spoken = tag === 'und' ? undefined : new Intl.DisplayNames([tag], { type: 'language' }).of(tag);
  if (spoken === undefined || spoken === tag) return { language: tag, name: `Captions ${others.length + 1}` };
  const before = others.filter((other) => other.language === tag).length;
  return { language: tag, name: before === 0 ? spoken : `${spoken} ${before + 1}` };
}

/** A language as browsers know it; `und` where it is not known. */
export function canonicalLanguage(language: string | undefined): string {
  try {
    const [tag = 'und'] = language === undefined || language.length > LANGUAGE_CHARACTERS ? [] : Intl.getCanonicalLocales(language);
    return tag;
  } catch {
    return 'und';
  }
}
