"""Every transform, held against a slow one that goes image by image and pixel by pixel."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule import set_num_threads
from chainrule.data import DataLoader, Draws, TensorDataset
from chainrule.data.transforms import (
    AlternatingHorizontalFlip,
    ColorJitter,
    Compose,
    CutMix,
    Cutout,
    MixUp,
    Normalize,
    RandomAffine,
    RandomCrop,
    RandomErasing,
    RandomHorizontalFlip,
    RandomResizedCrop,
    RandomRotation,
    RandomVerticalFlip,
    Resize,
    ToFloat,
    Transform,
    transform,
    warping,
)

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (5, 3, 7, 6), dtype=np.uint8)
KINDS = {"uint8": PIXELS, "float32": np.float32(PIXELS) / 255, "float64": PIXELS / 255.0}
ROWS = np.array([4, 17, 2, 300, 9])
ALL: dict[str, Transform] = {
    "crop": RandomCrop(5),
    "padded": RandomCrop((6, 7), padding=(2, 1), fill=9),
    "reflected": RandomCrop(7, padding=3, padding_mode="reflect"),
    "left-right": RandomHorizontalFlip(),
    "in turns": AlternatingHorizontalFlip(),
    "up-down": RandomVerticalFlip(0.7),
    "affine": RandomAffine(40, (0.2, 0.3), (0.7, 1.2), (-10, 10, -20, 5), fill=0.5),
    "rotation": RandomRotation(30),
    "larger": Resize((9, 11)),
    "smaller": Resize(4),
    "part": RandomResizedCrop((4, 5)),
    "colours": ColorJitter(0.4, (0.5, 1.5), 0.3, 0.2),
    "cutout": Cutout(3, value=1),
    "erasing": RandomErasing(0.6, (0.1, 0.6)),
    "float": ToFloat(),
    "normalize": Normalize((0.4, 0.5, 0.6), 0.2),
}


def draws(rows: Any = ROWS) -> Draws:
    return Draws(3, 1, rows)


def numbers(*chosen: Callable[[Draws], np.ndarray]) -> list[list[Any]]:
    """What a transform draws, in this order, as Python numbers, a list for each image."""
    source = draws()
    return [list(row) for row in zip(*(choose(source).tolist() for choose in chosen), strict=True)]


# ---------------------------------------------------------------------------------------------- what all promise

EACH = pytest.mark.parametrize(
    ("name", "kind"), [(n, k) for n in ALL for k in KINDS if (n, k) != ("normalize", "uint8")]
)


@EACH
def test_an_image_is_the_same_in_whatever_company(name: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transform, "CACHED", 2 * 3 * 7 * 6)  # slices of two images
    x = KINDS[kind]
    together = ALL[name](x, draws())
    for i, row in enumerate(ROWS):
        np.testing.assert_array_equal(ALL[name](x[i : i + 1], draws([row])), together[i : i + 1])


@EACH
def test_new_memory_and_the_same_dtype(name: str, kind: str) -> None:
    x = KINDS[kind]
    before = x.copy()
    y = ALL[name](x, draws())
    np.testing.assert_array_equal(x, before)
    assert not np.shares_memory(x, y)
    assert y.flags.c_contiguous
    assert y.dtype == (np.float32 if name == "float" else x.dtype)
    assert y.shape[:2] == x.shape[:2]


@pytest.mark.parametrize("name", ALL)
def test_a_list_keeps_what_follows_the_images(name: str) -> None:
    labels = np.arange(5)
    x, y, text = ALL[name]((KINDS["float32"], labels, "text"), draws())
    np.testing.assert_array_equal(x, ALL[name](KINDS["float32"], draws()))
    assert y is labels
    assert text == "text"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "nothing",
    [
        RandomCrop((7, 6)),
        RandomHorizontalFlip(0),
        RandomAffine(0),
        RandomRotation(0),
        Resize((7, 6)),
        RandomResizedCrop((7, 6), (1, 1), (6 / 7, 6 / 7)),
        ColorJitter(),
        RandomErasing(0),
        Compose([]),
    ],
)
def test_doing_nothing_changes_nothing(nothing: Any, kind: str) -> None:
    np.testing.assert_allclose(nothing(KINDS[kind], draws()), KINDS[kind], rtol=1e-6)


def test_without_draws_chainrules_seed_decides() -> None:
    augment = Compose([RandomCrop(5, 2), RandomHorizontalFlip()])
    results = []
    for seed in (1, 1, 2):
        cr.manual_seed(seed)
        results.append([augment(PIXELS), ALL["erasing"](PIXELS)])
    assert all(np.array_equal(a, b) for a, b in zip(results[0], results[1], strict=True))
    assert not np.array_equal(results[0][0], results[2][0])


def test_compose_shares_the_draws_and_takes_any_function() -> None:
    source = draws()
    expected = RandomHorizontalFlip()(RandomCrop(5)(PIXELS, source), source) + source.integers(0, 5, 1, 1, 1)
    both = Compose([RandomCrop(5), RandomHorizontalFlip(), lambda x, d: x + d.integers(0, 5, 1, 1, 1)])
    np.testing.assert_array_equal(both(PIXELS, draws()), expected)


@pytest.mark.parametrize("engine", ["chainrule", "torch"])
def test_in_a_loader_with_and_without_workers(engine: str) -> None:
    augment = Compose([RandomCrop(7, 2), RandomHorizontalFlip(), ToFloat(), Normalize(0.5, 0.2), MixUp(num_classes=5)])
    data = TensorDataset(np.repeat(PIXELS, 4, 0), np.repeat(np.arange(5), 4))
    passes = []
    for workers in (0, 2):
        options: dict[str, Any] = {"engine": pytest.importorskip(engine), "transform": augment, "seed": 1}
        loader = DataLoader(data, 6, shuffle=True, num_workers=workers, **options)
        passes.append([column.numpy() for _ in range(2) for batch in loader for column in batch])
    assert len(passes[0]) == 16
    for first, second in zip(*passes, strict=True):
        assert first.dtype == np.float32
        np.testing.assert_array_equal(first, second)


# ---------------------------------------------------------------------------------------------- one by one


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric"])
def test_random_crop(mode: Any) -> None:
    fill = {"constant_values": 7} if mode == "constant" else {}
    cropped = RandomCrop((6, 4), (2, 1), fill=7, padding_mode=mode)(PIXELS, draws())
    places = numbers(lambda d: d.integers(0, 7 + 2 - 6 + 1), lambda d: d.integers(0, 6 + 4 - 4 + 1))
    for image, result, (top, left) in zip(PIXELS, cropped, places, strict=True):
        padded = np.pad(image, ((0, 0), (1, 1), (2, 2)), mode, **fill)
        np.testing.assert_array_equal(result, padded[:, top : top + 6, left : left + 4])


def test_crops_are_everywhere_alike() -> None:
    x = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4).repeat(4500, 0)
    corners = RandomCrop(2)(x, Draws(0, 0, np.arange(4500)))[:, 0, 0, 0].astype(int)
    counts = np.bincount(corners, minlength=16).reshape(4, 4)[:3, :3]
    assert counts.sum() == 4500
    assert np.abs(counts - 500).max() < 4.5 * math.sqrt(500)


@pytest.mark.parametrize(("flip", "axis"), [(RandomHorizontalFlip, 2), (RandomVerticalFlip, 1)])
def test_flips(flip: Any, axis: int) -> None:
    flipped = flip(0.5)(PIXELS, draws())
    chosen = [c for (c,) in numbers(lambda d: d.bernoulli(0.5))]
    assert len(set(chosen)) == 2
    for image, result, c in zip(PIXELS, flipped, chosen, strict=True):
        np.testing.assert_array_equal(result, np.flip(image, axis) if c else image)
    np.testing.assert_array_equal(flip(1)(PIXELS, draws()), np.flip(PIXELS, axis + 1))


def test_flips_in_turns() -> None:
    """Half of the images in the first epoch, the others in the second, and so on; whatever else is drawn."""
    rows = np.arange(1000)
    x = np.arange(2, dtype=np.float32).reshape(1, 1, 1, 2).repeat(1000, 0)

    def flipped(epoch: int, rows: np.ndarray = rows, seed: int = 7) -> np.ndarray:
        source = Draws(seed, epoch, rows)
        source.uniform(0, 1, epoch)
        return np.asarray(AlternatingHorizontalFlip()(x[: len(rows)], source)[:, 0, 0, 0] == 1)

    first = flipped(0)
    assert abs(first.sum() - 500) < 4.5 * math.sqrt(250)
    for epoch in range(1, 5):
        np.testing.assert_array_equal(flipped(epoch), first ^ bool(epoch % 2))
    np.testing.assert_array_equal(flipped(2, rows[300:400]), first[300:400])
    assert (flipped(0, seed=8) != first).any()


def looked_up(image: np.ndarray, y: float, x: float, fill: float) -> Any:
    """The bilinear value of an image at a place, pixel centres being whole numbers."""

    def pixel(i: int, j: int) -> Any:
        inside = 0 <= i < image.shape[1] and 0 <= j < image.shape[2]
        return image[:, i, j] if inside else np.full(len(image), fill)

    i, j = math.floor(y), math.floor(x)
    dy, dx = y - i, x - j
    upper = (1 - dx) * pixel(i, j) + dx * pixel(i, j + 1)
    lower = (1 - dx) * pixel(i + 1, j) + dx * pixel(i + 1, j + 1)
    return (1 - dy) * upper + dy * lower


@pytest.mark.parametrize("kind", KINDS)
def test_random_affine(kind: str) -> None:
    x = KINDS[kind]
    moved = RandomAffine(40, (0.2, 0.3), (0.7, 1.2), (-10, 10, -20, 5), fill=0.5)(x, draws())
    drawn = numbers(
        lambda d: d.uniform(-40, 40), lambda d: d.uniform(-1, 1, 2), lambda d: d.uniform(0.7, 1.2),
        lambda d: d.uniform(-10, 10), lambda d: d.uniform(-20, 5),
    )  # fmt: skip
    for image, result, (angle, shift, scale, *shear) in zip(x, moved, drawn, strict=True):
        a, (sx, sy) = math.radians(angle), np.tan(np.radians(shear))
        rotation = np.array([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]])
        matrix = scale * rotation @ [[1, -sx], [-sy, 1 + sx * sy]]
        center, t = np.array([2.5, 3.0]), np.array([round(shift[0] * 0.2 * 6), round(shift[1] * 0.3 * 7)])
        for i in range(7):
            for j in range(6):
                px, py = center + np.linalg.solve(matrix, np.array([j, i]) - center - t)
                expected = looked_up(image, py, px, 0.5)
                tolerance = 0.501 if kind == "uint8" else 1e-5
                np.testing.assert_allclose(result[:, i, j], expected, atol=tolerance)


NATIVE = pytest.mark.skipif(not hasattr(warping.core, "warp"), reason="there is no kernel here")


@NATIVE
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(40, 3, 32, 32), (3, 1, 5, 9), (0, 1, 4, 4), (5, 1, 1, 1)])
def test_the_kernel_of_affine_maps_agrees_with_the_reference(
    kind: str, shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    x = np.random.default_rng(0).integers(0, 256, shape).astype(kind)
    affine = RandomAffine(180, (0.3, 0.3), (0.3, 2), (-30, 30, -20, 20), fill=7)
    lying_otherwise = np.asfortranarray(x)
    results = []
    for threads in (1, 2, 5):
        set_num_threads(threads)
        results += [affine(x, draws(np.arange(shape[0]))), affine(lying_otherwise, draws(np.arange(shape[0])))]
    assert len({result.tobytes() for result in results}) == 1
    monkeypatch.setattr(warping, "core", None)
    expected = affine(x, draws(np.arange(shape[0])))
    assert results[0].dtype == expected.dtype
    np.testing.assert_allclose(results[0], expected, atol={"uint8": 1, "float32": 0.02, "float64": 1e-9}[kind])
    assert (results[0] != expected).sum() <= 0.01 * x.size or kind != "uint8"


@NATIVE
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf, 1e30, -1e30])
def test_the_kernel_of_affine_maps_never_looks_outside(wrong: float) -> None:
    x, back, begin = np.ones((2, 1, 6, 6), np.float32), np.full((2, 2, 2), wrong), np.full((2, 2), wrong)
    y = warping.core.warp(x, back.astype(np.float32), begin.astype(np.float32), 5.0)
    assert set(y.reshape(-1).tolist()) <= {1, 5}
    for argument in (back[:1].astype(np.float32), back, np.zeros((2, 4), np.float32)):
        with pytest.raises(warping.Unsupported):
            warping.core.warp(x, argument, begin.astype(np.float32), 5.0)
    with pytest.raises(warping.Unsupported):
        warping.core.warp(x.astype(np.uint8), back.astype(np.float32), begin.astype(np.float32), 256.0)


def test_directions_of_turning() -> None:
    x = KINDS["float64"][..., :6, :6]
    right, left = RandomAffine((90, 90)), RandomRotation((90, 90))
    np.testing.assert_allclose(left(x, draws()), np.rot90(x, 1, (2, 3)), atol=1e-12)
    np.testing.assert_allclose(right(x, draws()), np.rot90(x, -1, (2, 3)), atol=1e-12)


def test_what_comes_in_from_outside_is_filled() -> None:
    ones = np.ones((1, 1, 8, 8), np.float32)
    turned = RandomRotation((45, 45), fill=5)(ones, draws([0]))[0, 0]
    assert turned[0, 0] == turned[7, 7] == 5
    assert (turned[3:5, 3:5] == 1).all()
    half = RandomAffine(0, scale=(0.5, 0.5))(ones, draws([0]))[0, 0]
    assert half.sum() == pytest.approx(16)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(9, 11), (4, 3), (7, 2), (3, 9), (1, 1), 4, 14])
def test_resize_is_pytorchs(size: Any, kind: str) -> None:
    torch = pytest.importorskip("torch")
    ours = Resize(size)(KINDS[kind], draws())
    shape = size if isinstance(size, tuple) else (int(size * 7 / 6), size)
    theirs = torch.nn.functional.interpolate(
        torch.from_numpy(KINDS[kind]).double(), shape, mode="bilinear", antialias=True
    )
    np.testing.assert_allclose(ours, theirs.numpy(), atol=0.501 if kind == "uint8" else 1e-6)


def test_random_resized_crop_is_a_crop_resized() -> None:
    x = KINDS["float64"]
    cropped = RandomResizedCrop((4, 5), (0.2, 0.9), (0.5, 2))(x, draws())
    source = draws()
    area, ratio = source.uniform(0.2, 0.9) * 42, np.exp(source.uniform(math.log(0.5), math.log(2)))
    heights = [min(7, max(1, round(v))) for v in np.sqrt(area / ratio)]
    widths = [min(6, max(1, round(v))) for v in np.sqrt(area * ratio)]
    assert len(set(heights)) > 1
    tops, lefts = (source.integers(0, n - np.array(v) + 1) for n, v in ((7, heights), (6, widths)))
    for i, (top, left, h, w) in enumerate(zip(tops, lefts, heights, widths, strict=True)):
        box = x[i : i + 1, :, top : top + h, left : left + w]
        np.testing.assert_allclose(cropped[i : i + 1], Resize((4, 5))(box), atol=1e-12)


def limited(value: float) -> float:
    return min(1, max(0, value))


def test_color_jitter() -> None:
    x = KINDS["float64"]
    jittered = ColorJitter(0.8, (0.5, 1.5), 0.9)(x, draws())
    drawn = numbers(lambda d: d.uniform(1 - 0.8, 1.8), lambda d: d.uniform(0.5, 1.5), lambda d: d.uniform(1 - 0.9, 1.9))

    def gray(pixel: Any) -> float:
        return 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2]

    for image, result, (b, c, s) in zip(x, jittered, drawn, strict=True):
        pixels = [[limited(b * v) for v in pixel] for pixel in image.reshape(3, -1).T]
        mean = sum(map(gray, pixels)) / len(pixels)
        pixels = [[limited(mean + c * (v - mean)) for v in pixel] for pixel in pixels]
        pixels = [[limited(gray(pixel) + s * (v - gray(pixel))) for v in pixel] for pixel in pixels]
        np.testing.assert_allclose(result.reshape(3, -1).T, pixels, atol=1e-12)


def test_color_jitter_of_bytes_is_that_of_floats_rounded() -> None:
    jitter = ColorJitter(0.8, 0.5, 0.9, 0.3)
    floats = jitter(KINDS["float64"], draws()) * 255
    np.testing.assert_allclose(jitter(PIXELS, draws()), floats, atol=0.501)


def test_the_hue_turns_and_the_gray_stays() -> None:
    soft = 0.4 + 0.2 * KINDS["float64"]  # far from black and white, where nothing is cut off
    turned = ColorJitter(hue=(0.25, 0.25))(soft, draws())
    weights = np.array([0.299, 0.587, 0.114])[:, None, None]
    np.testing.assert_allclose((turned * weights).sum(1), (soft * weights).sum(1), atol=1e-9)
    assert np.abs(turned - soft).max() > 0.05
    back = ColorJitter(hue=(-0.25, -0.25))(turned, draws())
    np.testing.assert_allclose(back, soft, atol=1e-12)
    opposite = ColorJitter(hue=(0.5, 0.5))(soft, draws())
    np.testing.assert_allclose(ColorJitter(hue=(0.25, 0.25))(turned, draws()), opposite, atol=1e-12)
    gray = soft[:, :1]
    np.testing.assert_allclose(ColorJitter(hue=0.5, saturation=0.5)(gray, draws()), gray, atol=1e-12)


def test_cutout() -> None:
    cut = Cutout(3, value=200)(PIXELS, draws())
    for image, result, (i, j) in zip(
        PIXELS, cut, numbers(lambda d: d.integers(0, 7), lambda d: d.integers(0, 6)), strict=True
    ):
        expected = image.copy()
        expected[:, max(0, i - 1) : i + 2, max(0, j - 1) : j + 2] = 200
        np.testing.assert_array_equal(result, expected)


def test_random_erasing() -> None:
    x = np.ones((2000, 1, 20, 30), np.float32)
    erased = RandomErasing(0.6, (0.1, 0.3), (0.5, 2), value=0)(x, Draws(0, 0, np.arange(2000)))[:, 0] == 0
    hit = erased.any((1, 2))
    assert abs(hit.mean() - 0.6) < 4 * math.sqrt(0.24 / 2000)
    heights, widths = erased.any(2).sum(1)[hit], erased.any(1).sum(1)[hit]
    np.testing.assert_array_equal(erased.sum((1, 2))[hit], heights * widths)  # a box
    shares, ratios = heights * widths / 600, heights / widths
    assert 0.08 < shares.min() < 0.12
    assert 0.28 < shares.max() < 0.32
    assert abs(shares.mean() - 0.2) < 0.01
    assert 0.4 < ratios.min() < 0.6
    assert 1.7 < ratios.max() < 2.4
    assert abs(np.log(ratios).mean()) < 0.05


def test_an_erased_side_is_never_longer_than_the_images() -> None:
    erased = RandomErasing(1, (0.9, 0.9), (10, 10), value=0)(np.ones((50, 1, 8, 8), np.float32))[:, 0] == 0
    assert (erased.any(2).sum(1) == 8).all()
    assert (erased.any(1).sum(1) == 2).all()  # √(0.9 · 64 / 10) = 2.4


@pytest.mark.parametrize("labels", [np.array([0, 2, 1, 1, 3]), np.eye(4, dtype=np.float32)[[0, 2, 1, 1, 3]]])
def test_mix_up(labels: np.ndarray) -> None:
    x = KINDS["float32"]
    mixed, shares = MixUp(alpha=0.6, num_classes=4)([x, labels], draws())
    own = draws().beta(0.6)
    classes = np.eye(4)[[0, 2, 1, 1, 3]]
    for i in range(5):
        np.testing.assert_allclose(mixed[i], own[i] * x[i] + (1 - own[i]) * x[i - 1], atol=1e-6)
        np.testing.assert_allclose(shares[i], own[i] * classes[i] + (1 - own[i]) * classes[i - 1], atol=1e-6)
    assert shares.dtype == mixed.dtype == np.float32


def test_cut_mix() -> None:
    labels = np.array([0, 2, 1, 1, 3])
    mixed, shares = CutMix(num_classes=4)([PIXELS, labels], draws())
    drawn = numbers(lambda d: d.beta(1), lambda d: d.integers(0, 7), lambda d: d.integers(0, 6))
    for n, (own, i, j) in enumerate(drawn):
        h, w = round(7 * math.sqrt(1 - own)), round(6 * math.sqrt(1 - own))
        expected, area = PIXELS[n].copy(), 0
        for y in range(7):
            for x in range(6):
                if 0 <= y - (i - h // 2) < h and 0 <= x - (j - w // 2) < w:
                    expected[:, y, x] = PIXELS[n - 1, :, y, x]
                    area += 1
        np.testing.assert_array_equal(mixed[n], expected)
        weights = np.eye(4)[labels[n]] * (1 - area / 42) + np.eye(4)[labels[n - 1]] * area / 42
        np.testing.assert_allclose(shares[n], weights, atol=1e-6)


def test_soft_labels_are_what_cross_entropy_takes() -> None:
    torch = pytest.importorskip("torch")
    _, shares = MixUp(num_classes=4)([KINDS["float32"], np.arange(5) % 4], draws())
    outputs = RNG.standard_normal((5, 4), np.float32)
    losses = [
        engine.nn.CrossEntropyLoss()(engine.from_numpy(outputs), engine.from_numpy(shares)).item()
        for engine in (cr, torch)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_to_float_and_normalize() -> None:
    x = ToFloat()(PIXELS)
    np.testing.assert_array_equal(x, np.float32(PIXELS) / np.float32(255))
    np.testing.assert_array_equal(ToFloat()(KINDS["float32"]), KINDS["float32"])
    y = Normalize((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))(x)
    for c in range(3):
        np.testing.assert_allclose(y[:, c], (x[:, c] - (c + 1) / 10) / ((c + 4) / 10), rtol=1e-6, atol=1e-6)


# ---------------------------------------------------------------------------------------------- mistakes

FLOATS, LABELS = KINDS["float32"], np.arange(5)


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: RandomCrop(5)([1, 2]), TypeError, "RandomCrop: images must be arrays of uint8, .* not int"),
        (lambda: RandomCrop(5)(np.zeros((1, 1, 9, 9), int)), TypeError, "not int64"),
        (lambda: RandomCrop(5)(PIXELS[0]), ValueError, r"RandomCrop: .* shape \(N, C, H, W\), not \(3, 7, 6\)"),
        (lambda: RandomCrop(5)("image"), TypeError, "a batch is images, or a list that begins with them, not str"),
        (lambda: Compose([])([]), TypeError, "Compose: a batch is images, .* not an empty list"),
        (lambda: RandomCrop(8, 0)(PIXELS), ValueError, r"a window of 8 × 8 is larger than the padded images"),
        (lambda: RandomCrop(0), ValueError, "RandomCrop: size=0: a whole number, or two, of at least 1"),
        (lambda: RandomCrop((2, 3, 4)), ValueError, r"size=\(2, 3, 4\)"),
        (lambda: RandomCrop(2, -1), ValueError, "padding=-1: a whole number, or two, of at least 0"),
        (lambda: RandomCrop(2, padding_mode="wrap"), ValueError, "padding_mode='wrap'"),
        (lambda: RandomHorizontalFlip(1.5), ValueError, r"RandomHorizontalFlip: p=1\.5: a number between 0 and 1"),
        (lambda: RandomAffine((3, 1)), ValueError, r"RandomAffine: degrees=\(3, 1\): no range"),
        (lambda: RandomAffine(-3), ValueError, r"degrees=-3: no range of numbers from low to high"),
        (lambda: RandomAffine(3, (0.1, 2)), ValueError, r"translate=\(0\.1, 2\): two shares"),
        (lambda: RandomAffine(3, scale=(0, 1)), ValueError, r"scale=\(0, 1\): factors must be above 0"),
        (lambda: RandomAffine(3, shear=(1, 2, 4, 3)), ValueError, r"shear=\(4, 3\)"),
        (lambda: RandomRotation((1, 0)), ValueError, "RandomRotation: degrees"),
        (lambda: Resize((3, 0)), ValueError, r"Resize: size=\(3, 0\)"),
        (lambda: RandomResizedCrop(3, (0, 1)), ValueError, r"RandomResizedCrop: scale=\(0, 1\)"),
        (lambda: RandomErasing(ratio=(0, 1)), ValueError, r"RandomErasing: ratio=\(0, 1\)"),
        (lambda: RandomErasing(-1), ValueError, "p=-1"),
        (lambda: Cutout(0), ValueError, "Cutout: size=0"),
        (lambda: ColorJitter(-1), ValueError, "ColorJitter: brightness=-1: no range"),
        (lambda: ColorJitter(hue=(0, 0.1, 0.2)), ValueError, r"hue=\(0, 0\.1, 0\.2\): no range"),
        (lambda: ColorJitter(contrast=(-1, 1)), ValueError, r"contrast=\(-1, 1\): .* of at least 0"),
        (lambda: ColorJitter(hue=0.6), ValueError, r"hue=0\.6: at most half a circle"),
        (lambda: ColorJitter()(FLOATS[:, :2]), ValueError, "images have 1 or 3 channels, not 2"),
        (lambda: Normalize(0, 0), ValueError, "Normalize: std=0"),
        (lambda: Normalize(0, 1)(PIXELS), TypeError, r"Normalize: images of uint8 .* put ToFloat\(\) before it"),
        (lambda: Normalize((1, 2), 1)(FLOATS), ValueError, r"2 means and 1 deviations for the channels"),
        (lambda: MixUp(alpha=0), ValueError, "MixUp: alpha=0"),
        (lambda: MixUp()(FLOATS), TypeError, "MixUp: a batch of two arrays, images and labels"),
        (lambda: MixUp(num_classes=9)([PIXELS, LABELS]), TypeError, "MixUp: images of uint8"),
        (lambda: MixUp()([FLOATS, LABELS]), ValueError, r"these are int64 \(5,\), with num_classes=None"),
        (lambda: CutMix(num_classes=4)([FLOATS, LABELS]), ValueError, "labels from 0 to 4, but num_classes=4"),
        (lambda: Transform()(FLOATS), NotImplementedError, r"Transform must define images\(x, draws\)"),
    ],
)
def test_says_what_is_wrong(make: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        make()
