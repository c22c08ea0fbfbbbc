// From what was dropped or chosen to files with their paths, and to uploads that the server takes.

// Every file below what was dropped, folders of any depth: [{ file, path }].
export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (entries.length === 0) return chosen(transfer.files);
  const found = [];
  for (const entry of entries) await below(entry, found);
  return found;
}

// Files of an input element.
export const chosen = (files) => [...files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));

async function below(entry, found) {
  const asked = (act) => new Promise((resolve, reject) => act(resolve, reject));
  if (entry.isFile) {
    const file = await asked((resolve, reject) => entry.file(resolve, reject));
    found.push({ file, path: entry.fullPath.replace(/^\//, '') });
    return;
  }
  const reader = entry.createReader();
  // A reader gives a hundred entries at a time, and none at the end.
  for (;;) {
    const some = await asked((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return;
    for (const one of some) await below(one, found);
  }
}

// As few uploads as their limits allow. What lies in one folder goes together, so that no series is split; a folder that
// is too large by itself goes as it is, and the server says what it makes of it.
export function uploads(files, { most, bytes }, depth = 0) {
  const size = (some) => some.reduce((sum, { file }) => sum + file.size, 0);
  if (files.length <= most && size(files) <= bytes) return files.length > 0 ? [files] : [];
  const folders = new Map();
  for (const one of files) {
    const parts = one.path.split('/');
    const key = parts.length > depth + 1 ? parts[depth] : '';
    folders.set(key, [...(folders.get(key) ?? []), one]);
  }
  if (folders.size === 1 && folders.has('')) return [files];
  const all = [...folders].flatMap(([key, some]) => (key === '' ? [some] : uploads(some, { most, bytes }, depth + 1)));
  return all.reduce((packed, next) => {
    const last = packed.at(-1);
    if (last && last.length + next.length <= most && size(last) + size(next) <= bytes) last.push(...next);
    else packed.push([...next]);
    return packed;
  }, []);
}
