import ichflow
import numpy as np
import pytest


def test_batches_are_windows_of_what_is_read(study):
    batches = ichflow.Batches(study, window="bsb", size=None, batch=5)
    window = ichflow.window("bsb")
    seen = []
    for batch in batches:
        for index, image in zip(batch.indices, batch.images, strict=True):
            file, frame = batches.files[index]
            one = ichflow.read(file, frame)
            assert np.array_equal(image, window(one.hu, one.header))
            seen.append(int(index))
    assert seen == sorted(seen) and len(set(seen)) == len(seen)
    assert len(seen) + len(batches.excluded) == len(study)
    assert batches.excluded, "the phantom has a damaged file, and it is named"


def test_sizes_orders_and_epochs(study):
    batches = ichflow.Batches(study, size=32, batch=4, shuffle=True, seed=7)
    first = [batch.indices.tolist() for batch in batches]
    second = [batch.indices.tolist() for batch in batches]
    assert first != second and sorted(sum(first, [])) == sorted(sum(second, []))
    again = ichflow.Batches(study, size=32, batch=4, shuffle=True, seed=7)
    assert [batch.indices.tolist() for batch in again] == first
    shape = next(iter(again)).images.shape
    assert shape[1:] == (3, 32, 32)


def test_resizing_is_pillow_s(study):
    pillow = pytest.importorskip("PIL.Image")
    whole = next(iter(ichflow.Batches(study, size=None, batch=4)))
    for size in (32, 100):
        small = next(iter(ichflow.Batches(study, size=size, batch=4)))
        for image, resized in zip(whole.images, small.images, strict=True):
            for channel, made in zip(image, resized, strict=True):
                expected = pillow.fromarray(channel).resize((size, size), pillow.Resampling.BILINEAR)
                assert np.abs(np.asarray(expected) - made).max() < 1e-5


def test_shards_share_an_epoch(study):
    whole = ichflow.Batches(study, shuffle=True, seed=1)
    parts = [ichflow.Batches(study, shuffle=True, seed=1, shard=(rank, 3)) for rank in range(3)]
    together = np.concatenate([part.order(0) for part in parts])
    assert sorted(together) == sorted(whole.order(0))
    with pytest.raises(ValueError, match="rank"):
        ichflow.Batches(study, shard=(3, 3))


def test_an_epoch_may_be_left(study):
    batches = ichflow.Batches(study, size=32, batch=1)
    iterator = iter(batches)
    next(iterator)
    iterator.close()
    assert sum(len(batch.indices) for batch in batches) > 1


def test_nothing_to_read_is_an_error(tmp_path):
    with pytest.raises(ichflow.IchflowError, match="no slice was found"):
        ichflow.Batches(tmp_path)
