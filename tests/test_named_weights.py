"""Doubts about weights by name: do those of wrappers and of torchvision land where they belong, and only those?"""

import pytest

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from collapse_theory import learned  # noqa: E402
from tests.small_network import small_network  # noqa: E402


def of_torchvision(classes=5):
    """{name: tensor} as torchvision's ResNet-18 has them."""
    weights, generator = {}, torch.Generator().manual_seed(0)

    def add(name, *shape):
        fan = 1
        for size in shape[1:]:
            fan *= size
        weights[f"{name}.weight"] = torch.randn(shape, generator=generator) * (1 / fan) ** 0.5

    def add_normalisation(name, channels):
        for part in ("weight", "bias", "running_mean", "running_var"):
            weights[f"{name}.{part}"] = torch.rand(channels, generator=generator) + 0.5
        weights[f"{name}.num_batches_tracked"] = torch.tensor(7)

    add("conv1", 64, 3, 7, 7)
    add_normalisation("bn1", 64)
    inputs = 64
    for layer, outputs in enumerate((64, 128, 256, 512), 1):
        for block in (0, 1):
            for number in (1, 2):
                add(f"layer{layer}.{block}.conv{number}", outputs, inputs, 3, 3)
                add_normalisation(f"layer{layer}.{block}.bn{number}", outputs)
                if number == 1 and inputs != outputs:
                    add(f"layer{layer}.{block}.downsample.0", outputs, inputs, 1, 1)
                    add_normalisation(f"layer{layer}.{block}.downsample.1", outputs)
                inputs = outputs
    add("fc", classes, 512)
    weights["fc.bias"] = torch.rand(classes, generator=generator)
    return weights


def resnet18(x, weights):
    """He et al.'s ResNet-18 in evaluation, by those names."""

    def normalised(x, name):
        mean, variance, gain, bias = (
            weights[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return functional.batch_norm(x, mean, variance, gain, bias)

    def convolved(x, name, stride):
        weight = weights[f"{name}.weight"]
        return functional.conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2)

    x = functional.max_pool2d(normalised(convolved(x, "conv1", 2), "bn1").relu(), 3, 2, padding=1)
    for layer in (1, 2, 3, 4):
        for block in (0, 1):
            name, stride = f"layer{layer}.{block}", 2 if layer > 1 and block == 0 else 1
            y = normalised(convolved(x, f"{name}.conv1", stride), f"{name}.bn1").relu()
            y = normalised(convolved(y, f"{name}.conv2", 1), f"{name}.bn2")
            if f"{name}.downsample.0.weight" in weights:
                x = normalised(convolved(x, f"{name}.downsample.0", stride), f"{name}.downsample.1")
            x = (x + y).relu()
    return functional.linear(x.mean((2, 3)), weights["fc.weight"], weights["fc.bias"])


@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "module._orig_mod."])
def test_the_weights_of_torchvision_make_the_same_network(tmp_path, prefix):
    weights = of_torchvision()
    given = {prefix + name: value for name, value in weights.items()}
    if prefix:
        given = {name: value for name, value in given.items() if "num_batches" not in name}
    else:
        safetensors.save_file(given, tmp_path / "weights.safetensors")
        given = tmp_path / "weights.safetensors"
    network = learned.load_weights(learned.resnet18(classes=5), given).eval()
    x = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    expected = resnet18(x, weights)
    assert torch.allclose(network(x), expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))


def test_what_wraps_a_network_does_not_count_there_or_here():
    first, second = small_network(0), small_network(1)
    wrapped = nn.DataParallel(second)
    learned.load_weights(wrapped, first.state_dict())
    assert torch.equal(second[0].weight, first[0].weight)
    third = learned.load_weights(small_network(2), wrapped.state_dict())
    assert torch.equal(third[0].weight, first[0].weight)


@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16])
def test_numbers_in_half_precision_are_widened_and_never_the_other_way(half):
    first, second = small_network(0), small_network(1)
    halves = {name: value.to(half) for name, value in first.state_dict().items() if value.is_floating_point()}
    learned.load_weights(second, halves)
    assert second[0].weight.dtype == torch.float32
    assert torch.equal(second[0].weight, first[0].weight.to(half).float())
    with pytest.raises(ValueError, match=r"is float32 .* there and .*float16 .* in the network"):
        learned.load_weights(small_network(1).to(half), first.state_dict())


def test_a_checkpoint_of_a_wrapped_network_is_restored(tmp_path):
    from tests.small_network import small_data, small_recipe

    wrapped = nn.Sequential(small_network())
    wrapped._modules = {"module": wrapped._modules["0"]}
    learned.train(wrapped, small_data(), small_recipe(1), folder=tmp_path)
    network = small_network(3)
    learned.restore(network, learned.checkpoints.load(tmp_path / "checkpoints"))
    assert torch.equal(network[0].weight, wrapped.module[0].weight)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.pop("layer2.0.conv1.weight"), r"weights: blocks\.2\.inner\.0\.weight is absent there"),
        (
            lambda w: w.update({"fc.bias": torch.zeros(3)}),
            r"weights: classifier\.bias is float32 \(3,\) there",
        ),
        (
            lambda w: w.update({"fc.more": torch.zeros(3)}),
            r"weights: fc\.more is float32 \(3,\) there and absent",
        ),
        (
            lambda w: w.update({"fc.bias": torch.zeros(5).double()}),
            r"weights: classifier\.bias is float64",
        ),
    ],
)
def test_the_first_difference_is_named_and_nothing_is_changed(change, message):
    weights, network = of_torchvision(), learned.resnet18(classes=5)
    before = network.stem[0].weight.clone()
    change(weights)
    with pytest.raises(ValueError, match=message):
        learned.load_weights(network, weights)
    assert torch.equal(network.stem[0].weight, before)


def test_files_of_another_kind_are_refused_unread(tmp_path):
    torch.save(small_network().state_dict(), tmp_path / "weights.pt")
    with pytest.raises(ValueError, match=r"weights: expected a safetensors file, .*weights\.pt is none"):
        learned.load_weights(small_network(), tmp_path / "weights.pt")
    with pytest.raises(TypeError, match="weights: expected tensors by name, or a safetensors file of them, got a dict"):
        learned.load_weights(small_network(), {"a": 3})
    with pytest.raises(OSError, match=r"none\.safetensors"):
        learned.load_weights(small_network(), tmp_path / "none.safetensors")
