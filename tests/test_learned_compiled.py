"""Doubts about torch.compile: does it stop inside of a network, or meet complex numbers; does it learn the same?"""

import pytest

torch = pytest.importorskip("torch")
learned = pytest.importorskip("collapse_theory.learned")
from torch import _dynamo  # noqa: E402

SMALL = learned.Architecture(side=8, colors=2, classes=4, channels=(3, 4))
NETWORKS = {
    "scattering": lambda: learned.scattering_network(SMALL, skip=True),
    "thresholds on equal terms": lambda: learned.scattering_network(SMALL, "soft threshold", terms="equal"),
    "residual": lambda: learned.ResidualNetwork(
        (4, 6), 1, colors=2, classes=4, stem="small", project=True, nonlinearity="soft threshold", bias=True, seed=0
    ),
}


@pytest.fixture(autouse=True)
def _forgetting():
    _dynamo.reset()
    _dynamo.utils.counters.clear()  # which other tests added to
    yield
    _dynamo.reset()


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.filterwarnings("ignore")
def test_a_compiler_reads_a_network_in_one_piece_without_complex_numbers(name):
    graphs, network = [], NETWORKS[name]()
    x = torch.randn(3, 2, 8, 8, generator=torch.Generator().manual_seed(0))

    def read(graph, inputs):
        graphs.append(graph)
        return graph.forward

    expected = network.eval()(x)
    compiled = torch.compile(network, backend=read)
    torch.testing.assert_close(compiled(x), expected)
    assert _dynamo.utils.counters["graph_break"] == {}
    (graph,) = graphs
    values = [node.meta.get("example_value") for node in graph.graph.nodes]
    assert not any(isinstance(value, torch.Tensor) and value.is_complex() for value in values)


@pytest.mark.filterwarnings("ignore")
def test_a_compiled_network_learns_as_one_that_is_not():
    one, other = (learned.scattering_network(SMALL) for _ in range(2))
    x = torch.randn(8, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    torch.compile(one, backend="aot_eager")(x).square().sum().backward()
    other(x).square().sum().backward()
    assert _dynamo.utils.counters["graph_break"] == {}
    for (name, found), expected in zip(one.named_parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(found.grad, expected.grad, rtol=1e-3, atol=1e-4, msg=name)
    for found, expected in zip(one.buffers(), other.buffers(), strict=True):
        torch.testing.assert_close(found, expected)
