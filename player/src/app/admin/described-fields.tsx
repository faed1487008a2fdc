import { useId, type ReactElement } from 'react';

/** What people are told of a channel or recording, as it is typed; tags with commas between them. */
export type Described = { readonly title: string; readonly description: string; readonly tags: string; readonly isPrivate: boolean };

/** As it is typed where nothing is said yet. */
export const NOT_DESCRIBED: Described = { title: '', description: '', tags: '', isPrivate: false };

/** What is known of a channel or recording, to be changed. */
export function typedFrom({ title, description, tags, isPrivate }: Omit<Described, 'tags'> & { readonly tags: readonly string[] }): Described {
  return { title, description, tags: tags.join(', '), isPrivate };
}

/** What was typed, as it is sent. */
export function sentFrom({ title, description, tags, isPrivate }: Described): Omit<Described, 'tags'> & { readonly tags: string[] } {
  return { title: title.trim(), description: description.trim(), tags: tagsOf(tags), isPrivate };
}

type DescribedFieldsProps = {
  readonly value: Described;
  readonly onChange: (value: Described) => void;
  readonly isTitleRequired?: boolean;
};

/** Fields for a title, a description and tags. */
export function DescribedFields({ value, onChange, isTitleRequired = false }: DescribedFieldsProps): ReactElement {
  const id = useId();
  const { title, description, tags } = value;
  return (
    <>
      <div className="field">
        <label htmlFor={`${id}-title`}>Title</label>
        <input id={`${id}-title`} className="input" required={isTitleRequired} maxLength={200} value={title} onChange={(event) => onChange({ ...value, title: event.target.value })} />
      </div>
      <div className="field">
        <label htmlFor={`${id}-description`}>Description</label>
        <textarea id={`${id}-description`} className="input" rows={3} maxLength={5000} value={description} onChange={(event) => onChange({ ...value, description: event.target.value })} />
      </div>
      <div className="field">
        <label htmlFor={`${id}-tags`}>Tags</label>
        <input id={`${id}-tags`} className="input" placeholder="music, talk" value={tags} onChange={(event) => onChange({ ...value, tags: event.target.value })} />
        <p className="hint">Separated by commas.</p>
      </div>
    </>
  );
}

/** Whether everybody may watch. */
export function PrivateField({ value, onChange }: Pick<DescribedFieldsProps, 'value' | 'onChange'>): ReactElement {
  return (
    <label className="check">
      <input type="checkbox" checked={value.isPrivate} onChange={(event) => onChange({ ...value, isPrivate: event.target.checked })} />
      <span>Private: in no list, and only for viewers with a token</span>
    </label>
  );
}

function tagsOf(text: string): string[] {
  return [...new Set(text.split(',').map((tag) => tag.trim()).filter((tag) => tag !== ''))];
}
