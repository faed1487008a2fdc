import type { ReactElement } from 'react';
import { CopyField } from './copy-field.js';
import { Dialog } from './dialog.js';

type ShareDialogProps = {
  readonly title: string;
  /** Path of the watch page. */
  readonly watchPath: string;
  readonly link: string | undefined;
  readonly onClose: () => void;
};

/** The addresses that lead others here. */
export function ShareDialog({ title, watchPath, link, onClose }: ShareDialogProps): ReactElement {
  const embedAddress = `${location.origin}${watchPath.replace(/^\/watch/, '/embed')}`;
  // As wide as there is room for: a fixed width would not fit a phone.
  const attributes = 'style="width:100%;max-width:640px;aspect-ratio:16/9;border:0" allow="autoplay; picture-in-picture" allowfullscreen';
  return (
    <Dialog title="Share" onClose={onClose}>
      <CopyField label="Address" value={`${location.origin}${watchPath}`} />
      {link !== undefined && <CopyField label="Magnet link, with the publisher’s key" value={link} />}
      <CopyField label="Code to embed it" value={`<iframe src="${embedAddress}" title="${escapeAttribute(title)}" ${attributes}></iframe>`} />
    </Dialog>
  );
}

function escapeAttribute(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;');
}
