"""Networks load without surprises: the right numbers, labels, recipes and messages."""

from __future__ import annotations

import hashlib
import http.server
import pickle
import threading
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from engine.models import catalog, weights
from engine.models.catalog import load
from engine.models.classifier import Classifier
from engine.models.labels import read_labels
from engine.models.torchvision_compat import torchvision
from engine.pictures.fitting import Preprocessing
from engine.types import (
    BadLabels,
    BadSetting,
    BadWeights,
    ModelSettings,
    NoDevice,
    UnknownClass,
    UnknownLayer,
    UnknownNetwork,
    UserError,
    find_class,
    fold_name,
    suggest,
)
from engine.types.generators import finish


def loaded(settings: ModelSettings) -> Classifier:
    return finish(load(settings))  # type: ignore[no-any-return]


def random_network(name: str, **options: Any) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network: nn.Module = torchvision.models.get_model(name, weights=None, **options)
    generator = torch.Generator().manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.copy_(torch.randn(module.num_features, generator=generator) * 0.1)
            module.running_var.copy_(torch.rand(module.num_features, generator=generator) + 0.5)
    return network.eval()


@pytest.fixture(scope="module")
def shuffle(tmp_path_factory: pytest.TempPathFactory) -> tuple[nn.Module, Path]:
    """A small torchvision network with random weights, and its file."""
    network = random_network("shufflenet_v2_x0_5")
    path = tmp_path_factory.mktemp("weights") / "shuffle.safetensors"
    save_file(network.state_dict(), path)
    return network, path


def test_a_classifier_is_normalisation_then_the_network(shuffle: tuple[nn.Module, Path]) -> None:
    network, path = shuffle
    classifier = loaded(ModelSettings("shufflenet_v2_x0_5", str(path), device="cpu"))
    x = torch.rand(2, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    with torch.no_grad():
        expected = network((x - mean) / std)
        found = classifier(x)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    assert not any(p.requires_grad for p in classifier.module.parameters())
    assert not classifier.module.training
    assert classifier.labels[386] == "African elephant"
    assert classifier.input_size == (224, 224)


def test_inception_takes_its_own_recipe(tmp_path: Path) -> None:
    network = random_network("inception_v3", init_weights=False, transform_input=True)
    path = tmp_path / "inception.safetensors"
    save_file(network.half().state_dict(), path)  # half precision, with auxiliary heads
    classifier = loaded(ModelSettings("inception_v3", str(path), device="cpu"))
    assert classifier.input_size == (299, 299)
    assert classifier.preprocessing.resize == 342
    x = torch.rand(1, 3, 299, 299, generator=torch.Generator().manual_seed(1))
    how = classifier.preprocessing
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (how.mean, how.std))
    with torch.no_grad():
        expected = network.float()((x - mean) / std)
        found = classifier(x)
    scale = float(expected.abs().max())
    torch.testing.assert_close(found / scale, expected / scale, rtol=0, atol=2e-3)


def test_layers_are_found_by_name_and_suggested(shuffle: tuple[nn.Module, Path]) -> None:
    classifier = loaded(ModelSettings("shufflenet_v2_x0_5", str(shuffle[1]), device="cpu"))
    assert classifier.layer("stage2.0") is classifier.module.network.get_submodule("stage2.0")
    with pytest.raises(UnknownLayer, match=r"no layer 'stag2\.0': did you mean"):
        classifier.layer("stag2.0")


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        (
            ModelSettings("resnet_50"),
            UnknownNetwork,
            "unknown network 'resnet_50': did you mean resnet50",
        ),
        (ModelSettings("resnet18", "nowhere.pth"), BadWeights, "nowhere.pth does not exist"),
        (
            ModelSettings("resnet18", "IMAGENET1K_V9"),
            BadWeights,
            "neither a file nor weights of resnet18",
        ),
        (ModelSettings("resnet18", device="cuda:7"), NoDevice, "device 'cuda:7' is not here"),
        (ModelSettings("resnet18", device="tpu"), NoDevice, "this machine has cpu"),
        (ModelSettings(weights="mine.pth"), BadSetting, "goes with a torchvision network"),
        (ModelSettings(labels="nowhere.txt"), BadLabels, "nowhere.txt does not exist"),
    ],
)
def test_what_is_not_there_is_said_by_an_error_of_its_own(
    settings: ModelSettings, error: type[UserError], said: str
) -> None:
    with pytest.raises(UserError) as caught:
        loaded(settings)
    assert type(caught.value) is error
    assert said in str(caught.value)


def test_weights_of_another_network_are_refused_with_their_keys(
    shuffle: tuple[nn.Module, Path], tmp_path: Path
) -> None:
    with pytest.raises(BadWeights, match=r"does not fit resnet18: missing conv1.weight"):
        loaded(ModelSettings("resnet18", str(shuffle[1])))
    state = shuffle[0].state_dict()
    state["conv1.0.weight"] = torch.zeros(5, 3, 3, 3)
    path = tmp_path / "bent.safetensors"
    save_file(state, path)
    with pytest.raises(BadWeights, match=r"conv1.0.weight is \(5, 3, 3, 3\) instead of"):
        loaded(ModelSettings("shufflenet_v2_x0_5", str(path)))


def test_a_pickle_that_runs_code_is_not_loaded(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "exploded",))

    torch.save({"state_dict": Bomb()}, tmp_path / "bomb.pth")
    (tmp_path / "raw.pth").write_bytes(pickle.dumps(Bomb()))
    for name in ("bomb.pth", "raw.pth"):
        with pytest.raises(BadWeights, match=r"could run code|cannot be read"):
            loaded(ModelSettings("resnet18", str(tmp_path / name)))
    assert not (tmp_path / "exploded").exists()


def test_checkpoints_are_unwrapped_and_fine_tuned_heads_accepted(tmp_path: Path) -> None:
    network = random_network("shufflenet_v2_x0_5", num_classes=7)
    state = {f"module.{key}": value for key, value in network.state_dict().items()}
    torch.save({"state_dict": state, "epoch": 3}, tmp_path / "tuned.pth")
    names = tmp_path / "names.txt"
    names.write_text("\n".join("abcdefg"))
    settings = ModelSettings("shufflenet_v2_x0_5", str(tmp_path / "tuned.pth"), device="cpu")
    assert loaded(settings).labels == tuple(f"class {index}" for index in range(7))
    named = ModelSettings(settings.name, settings.weights, str(names), "cpu")
    assert loaded(named).labels == tuple("abcdefg")
    names.write_text("a\nb")
    with pytest.raises(BadLabels, match="name 2 classes, but shufflenet_v2_x0_5 has 7"):
        loaded(named)


@pytest.mark.parametrize(
    ("name", "text", "labels", "wnids"),
    [
        ("l.txt", "cat\n\ndog\n", ("cat", "dog"), ()),
        ("l.json", '["cat", "dog"]', ("cat", "dog"), ()),
        ("l.json", '{"1": ["n2", "dog"], "0": ["n1", "cat"]}', ("cat", "dog"), ("n1", "n2")),
        ("l.csv", "index,wnid,name\n1,n2,dog\n0,n1,cat\n", ("cat", "dog"), ("n1", "n2")),
    ],
)
def test_labels_in_usual_forms(
    tmp_path: Path, name: str, text: str, labels: tuple[str, ...], wnids: tuple[str, ...]
) -> None:
    (tmp_path / name).write_text(text)
    assert read_labels(tmp_path / name) == (labels, wnids)


@pytest.mark.parametrize("text", ["", "{}", '{"a": 1}'])
def test_bad_labels_are_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "l.json").write_text(text)
    with pytest.raises(BadLabels, match=r"l\.json"):
        read_labels(tmp_path / "l.json")


def test_class_names_are_compared_without_case_and_underscores() -> None:
    labels = ("African elephant", "ping-pong ball", "Indian_elephant")
    assert fold_name("African_Elephant") == fold_name("african elephant")
    assert find_class("african_ELEPHANT", labels) == 0
    assert find_class("indian elephant", labels) == 2
    assert find_class(" 1 ", labels) == 1
    assert suggest("indian_elefant", labels, 1) == ": did you mean Indian_elephant?"
    for text, said in (("3", "classes 0 to 2"), ("Ping pong", "did you mean ping-pong ball")):
        with pytest.raises(UnknownClass, match=said):
            find_class(text, labels)


def test_construction_leaves_the_global_generator_alone(shuffle: tuple[nn.Module, Path]) -> None:
    before = torch.get_rng_state()
    loaded(ModelSettings("shufflenet_v2_x0_5", str(shuffle[1]), device="cpu"))
    assert torch.equal(before, torch.get_rng_state())


# --- downloads --------------------------------------------------------------------------------


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files with ranges; breaks off after `limit` bytes once."""

    limit = 0
    ranges: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        data = (Path(self.directory) / self.path.strip("/")).read_bytes()
        wish = self.headers.get("Range")
        Handler.ranges.append(wish)
        start = int(wish.split("=")[1].rstrip("-")) if wish else 0
        self.send_response(206 if wish else 200)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        end = Handler.limit or len(data)
        Handler.limit = 0
        self.wfile.write(data[start:end])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path):
    """A folder that is served on this machine, and its address."""
    folder = tmp_path / "served"
    folder.mkdir()
    Handler.ranges = []
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Handler, directory=str(folder))
    ) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_a_broken_download_is_resumed_and_checked(server: tuple[Path, str], tmp_path: Path) -> None:
    folder, address = server
    data = bytes(range(256)) * 4000
    name = f"net-{hashlib.sha256(data).hexdigest()[:8]}.pth"
    (folder / name).write_bytes(data)
    target = tmp_path / "cache" / name
    Handler.limit = 600_000
    with pytest.raises(BadWeights, match="broke off at 600000 of 1024000 bytes"):
        list(weights.download(f"{address}/{name}", target))
    assert not target.exists()
    seen = list(weights.download(f"{address}/{name}", target))
    assert seen[-1] == (len(data), len(data))
    assert Handler.ranges == [None, "bytes=600000-"]
    assert target.read_bytes() == data


def test_a_download_can_be_cancelled_between_chunks(
    server: tuple[Path, str], tmp_path: Path
) -> None:
    folder, address = server
    (folder / "big.pth").write_bytes(bytes(3_000_000))
    steps = weights.download(f"{address}/big.pth", tmp_path / "big.pth")
    next(steps)
    steps.close()
    assert (tmp_path / "big.pth.part").stat().st_size == weights.CHUNK
    assert list(weights.download(f"{address}/big.pth", tmp_path / "big.pth"))
    assert (tmp_path / "big.pth").stat().st_size == 3_000_000


def test_a_wrong_checksum_and_no_server_are_said(server: tuple[Path, str], tmp_path: Path) -> None:
    folder, address = server
    (folder / "net-00000000.pth").write_bytes(b"other")
    with pytest.raises(BadWeights, match="does not match its checksum"):
        list(weights.download(f"{address}/net-00000000.pth", tmp_path / "net-00000000.pth"))
    assert not list(tmp_path.glob("net*"))
    with pytest.raises(BadWeights, match=r"cannot be fetched.*--weights FILE"):
        list(weights.download("http://127.0.0.1:9/net.pth", tmp_path / "net.pth"))


def test_published_weights_come_from_torchs_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    published = torchvision.models.get_model_weights("shufflenet_v2_x0_5").DEFAULT
    file = weights.cached_file(published.url)
    assert file.parent == tmp_path / "hub" / "checkpoints"
    file.parent.mkdir(parents=True)
    torch.save(random_network("shufflenet_v2_x0_5").state_dict(), file)
    classifier = loaded(ModelSettings("shufflenet_v2_x0_5", device="cpu"))
    assert classifier.weights == published.name
    listed = {model.name: model for model in catalog.list_networks()}
    assert listed["shufflenet_v2_x0_5"].cached
    assert not listed["resnet18"].cached
    assert listed["builtin"].cached


def test_the_recipe_of_a_file_is_that_of_the_published_weights_it_is() -> None:
    entries = torchvision.models.get_model_weights("mobilenet_v2")
    how = catalog._choose_weights("/x/mobilenet_v2-7ebf99e0.pth", entries, "mobilenet_v2")
    assert how[0] is entries.IMAGENET1K_V2
    other = catalog._choose_weights("/x/mine.safetensors", entries, "mobilenet_v2")
    assert other[0] is entries.IMAGENET1K_V1
    assert catalog._preprocessing(other[0].transforms()) == Preprocessing()
