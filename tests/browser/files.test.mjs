// How dropped files become uploads. See README.md.
import assert from 'node:assert/strict';
import test from 'node:test';
import { uploads } from '../../plugins/serving/src/pages/files.js';

const file = (path, size = 1) => ({ path, file: { size } });
const paths = (all) => all.map((some) => some.map(({ path }) => path));
const series = (folder, count) => Array.from({ length: count }, (_, at) => file(`${folder}/${at}.dcm`));

test('what fits goes as one upload', () => {
  const files = [file('a/1'), file('b/2'), file('3')];
  assert.deepEqual(paths(uploads(files, { most: 3, bytes: 10 })), [['a/1', 'b/2', '3']]);
  assert.deepEqual(uploads([], { most: 3, bytes: 10 }), []);
});

test('a folder is never split, however few fit', () => {
  const files = [...series('day/one/head', 3), ...series('day/two/head', 3), ...series('day/two/bone', 2)];
  for (const limits of [{ most: 5, bytes: 100 }, { most: 100, bytes: 5 }, { most: 1, bytes: 1 }]) {
    const all = paths(uploads(files, limits));
    assert.equal(all.flat().length, files.length);
    for (const folder of ['day/one/head', 'day/two/head', 'day/two/bone']) {
      assert.equal(all.filter((some) => some.some((path) => path.startsWith(folder))).length, 1, folder);
    }
  }
  assert.equal(uploads(files, { most: 5, bytes: 100 }).length, 2);
});

test('loose files beside folders go too', () => {
  const all = paths(uploads([file('notes.txt'), ...series('one', 2), ...series('two', 2)], { most: 2, bytes: 100 }));
  assert.deepEqual(all, [['notes.txt'], ['one/0.dcm', 'one/1.dcm'], ['two/0.dcm', 'two/1.dcm']]);
});
