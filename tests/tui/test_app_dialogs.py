"""What the dialogs and the other screens promise, through keys."""

import pytest

from engine.types import Query, attack_settings, explain_settings
from engine.worker import protocol as ev
from tui.screens.form import FormScreen
from tui.screens.help import HelpScreen
from tui.screens.juxtaposition import JuxtapositionScreen
from tui.screens.main import MainScreen
from tui.screens.picker import PickerScreen
from tui.screens.zoom import ZoomScreen
from tui.widgets.picture_list import FilterInput

from .harness import Harness


async def test_the_target_picker_finds_a_class_by_its_letters() -> None:
    async with Harness().open() as harness:
        await harness.press("t")
        assert isinstance(harness.app.screen, PickerScreen)
        assert "a random class" in harness.text("#choices")
        await harness.type("slpbag")
        assert "sleeping bag" in harness.text("#choices")
        await harness.press("enter")
        assert harness.workspace.attack.settings.target == "sleeping bag"
        assert "sleeping bag" in harness.text("#settings")


async def test_the_target_picker_offers_the_rules_and_escape_changes_nothing() -> None:
    async with Harness().open() as harness:
        await harness.press("t", "down", "enter")
        assert harness.workspace.attack.settings.target == "similar"
        await harness.press("t", "down", "escape")
        assert harness.workspace.attack.settings.target == "similar"
        assert isinstance(harness.app.screen, MainScreen)


async def test_a_query_that_fits_nothing_chooses_nothing() -> None:
    async with Harness().open() as harness:
        await harness.press("t")
        await harness.type("qqqq")
        await harness.press("enter")
        assert isinstance(harness.app.screen, PickerScreen)
        assert harness.workspace.attack.settings == attack_settings()


async def test_global_keys_are_letters_inside_a_field() -> None:
    async with Harness().open() as harness:
        await harness.press("slash")
        await harness.type("q m")
        assert harness.app.screen.query_one(FilterInput).value == "q m"
        assert harness.workspace.attack.settings.method == "bim"
        await harness.press("escape", "m")
        assert harness.workspace.attack.settings.method == "pgd"


async def test_the_filter_narrows_the_list_and_enter_leads_back_to_it() -> None:
    async with Harness(pictures=12).open() as harness:
        await harness.press("slash")
        await harness.type("TABLE")
        assert "1 of 12" in harness.text("#pick")
        await harness.press("enter", "enter")
        assert harness.workspace.picture.opened is not None
        assert harness.workspace.picture.opened.path == "photos/balls/table tennis.png"


async def test_escape_clears_the_filter_and_no_match_is_said() -> None:
    async with Harness().open() as harness:
        await harness.press("slash")
        await harness.type("nothing like this")
        assert "no name matches: esc shows all" in harness.text("#list")
        await harness.press("escape")
        assert "elephant" in harness.text("#list")
        assert "no name matches" not in harness.text("#list")


async def test_a_hundred_thousand_pictures_can_be_filtered() -> None:
    async with Harness(pictures=100_000).open() as harness:
        assert "100,000" in harness.text("#pick")
        await harness.press("slash")
        await harness.type("09999")
        await harness.until(lambda: "11 of 100,000" in harness.text("#pick"))
        await harness.press("enter", "pagedown", "enter")
        assert harness.workspace.picture.opened is not None
        assert "09999" in harness.workspace.picture.opened.path
        for glance in harness.worker.of(ev.Glance):
            assert len(glance.paths) < 60  # type: ignore[attr-defined]


async def test_the_form_edits_all_settings() -> None:
    async with Harness().open() as harness:
        await harness.press("e", "right", "down", "end", "ctrl+u")
        await harness.type("gas pump")
        await harness.press("down", "ctrl+u")
        await harness.type("8/255")
        await harness.press("enter")
        attack = harness.workspace.attack.settings
        assert (attack.method, attack.target, attack.epsilon) == ("pgd", "gas pump", 8 / 255)
        assert "0.0314 = 8.00/255" in harness.text("#settings")


async def test_the_form_says_what_is_wrong_and_stays() -> None:
    async with Harness().open() as harness:
        await harness.press("e", "down", "end", "ctrl+u")
        await harness.type("gas pimp")
        await harness.press("enter")
        assert isinstance(harness.app.screen, FormScreen)
        said = " ".join(harness.text("#wrong").split())
        assert "unknown class 'gas pimp': did you mean gas pump" in said
        await harness.press("escape")
        assert harness.workspace.attack.settings == attack_settings()


async def test_the_explainer_form_picks_a_layer_and_asks_again() -> None:
    async with Harness().open() as harness:
        await harness.until(lambda: harness.workspace.evidence.shown)
        await harness.press("b")
        harness.app.screen.query_one("#field-layer").focus()
        await harness.press("enter")
        assert isinstance(harness.app.screen, PickerScreen)
        await harness.type("3")
        await harness.press("enter", "ctrl+s")
        assert harness.workspace.explain.layer == "features.3"
        assert "features.3" in harness.text("#settings")
        await harness.until(
            lambda: harness.worker.of(ev.Explain)[-1].settings.layer == "features.3"  # type: ignore[attr-defined]
        )


async def test_an_unchanged_explainer_form_keeps_the_settings() -> None:
    settings = explain_settings(seconds=2.5, standard_error=0.02, smoothing=0.5, layer="features.7")
    async with Harness(explain=settings).open() as harness:
        await harness.press("b", "enter", "ctrl+s")
        assert harness.workspace.explain == settings


async def test_p_picks_the_class_to_explain() -> None:
    async with Harness().open() as harness:
        await harness.press("space", "p")
        await harness.type("burrito")
        await harness.press("enter")
        assert "burrito" in harness.text("#settings")
        await harness.until(
            lambda: (
                harness.worker.of(ev.Explain)[-1].queries  # type: ignore[attr-defined]
                == (Query("clean", 7), Query("adversarial", 7))
            )
        )


async def test_another_network_opens_the_picture_anew() -> None:
    async with Harness().open() as harness:
        await harness.press("k")
        assert "104 MB to download" in harness.text("#choices")
        await harness.type("mobile")
        await harness.press("enter")
        assert "mobilenet_v2" in harness.text("#status")
        assert len(harness.worker.of(ev.Open)) == 2


async def test_a_network_that_does_not_exist_leaves_the_app_at_work() -> None:
    async with Harness().open() as harness:
        await harness.press("k")
        await harness.type("missing")
        await harness.press("enter")
        await harness.until(lambda: "did you mean mobilenet_v2" in harness.text("#status"))
        await harness.press("space")
        assert harness.workspace.attack.frame is not None


async def test_z_fills_the_screen_and_the_arrows_go_round() -> None:
    async with Harness().open(80, 24) as harness:
        await harness.press("space")
        await harness.explained()
        await harness.press("z")
        assert isinstance(harness.app.screen, ZoomScreen)
        seen = []
        for _ in range(5):
            seen.append(harness.text().splitlines()[0].strip())
            await harness.press("right")
        assert [line.split("  ")[0] for line in seen] == [
            "Adversarial picture",
            "Perturbation",
            "Evidence, clean",
            "Evidence, adversarial",
            "Clean picture",
        ]
        assert "step 20: ping-pong ball 99.9 %" in seen[0]
        await harness.press("down")
        assert "step 19" in harness.text()
        await harness.press("escape")
        assert isinstance(harness.app.screen, MainScreen)


async def test_v_before_an_attack_says_what_is_missing() -> None:
    async with Harness().open() as harness:
        await harness.press("v")
        assert "no attack yet: esc, then space starts one" in harness.text("#caption")
        await harness.press("escape", "space", "v")
        assert "no attack yet" not in harness.text("#caption")


async def test_v_explains_the_five_likeliest_classes_of_each_side() -> None:
    async with Harness().open() as harness:
        await harness.press("space")
        await harness.explained()
        await harness.press("v")
        assert isinstance(harness.app.screen, JuxtapositionScreen)
        queries = harness.worker.of(ev.Explain)[-1].queries  # type: ignore[attr-defined]
        assert [query.side for query in queries] == ["clean", "adversarial"] * 5
        assert "African elephant" in harness.text("#grid")
        assert "ping-pong ball" in harness.text("#grid")
        await harness.press("p")
        await harness.type("tusker")
        await harness.press("enter")
        picked = harness.worker.of(ev.Explain)[-1].queries  # type: ignore[attr-defined]
        # The class picked comes first on both sides, and the others stay.
        assert picked[:2] == (Query("clean", 3), Query("adversarial", 3))
        for side in ("clean", "adversarial"):
            rest, before = (
                [q for q in each if q.side == side and q.class_index != 3]
                for each in (picked, queries)
            )
            assert rest == before
        await harness.press("escape")
        assert "n 200" in harness.text("#caption")


async def test_heat_modes_overlay_and_scale_have_keys() -> None:
    async with Harness().open() as harness:
        await harness.until(lambda: harness.workspace.evidence.shown)
        await harness.press("h", "o", "f")
        look = harness.workspace.look
        assert (look.mode, look.overlay, look.shared) == ("absolute", False, False)
        assert "own scale" in harness.text("#heat-clean") or not harness.workspace.look.shared


@pytest.mark.parametrize("key", ["v", "z"])
async def test_the_look_of_heatmaps_is_one_for_all_screens(key: str) -> None:
    async with Harness().open(220, 70) as harness:
        await harness.press("space")
        await harness.explained()
        await harness.press(key, *(["left", "left"] if key == "z" else []))
        before = harness.text()
        await harness.press("h", "f")
        assert harness.text() != before
        await harness.press("escape")
        look = harness.workspace.look
        assert (look.mode, look.shared) == ("absolute", False)
        assert "own scale" in harness.text("#heat-clean")


@pytest.mark.parametrize("key", ["v", "z"])
async def test_evidence_follows_again_when_another_screen_is_left(key: str) -> None:
    async with Harness().open() as harness:
        await harness.press("space")
        await harness.press(key, "down", "escape")
        await harness.explained()
        evidence, frame = harness.workspace.evidence.shown, harness.workspace.attack.frame
        assert evidence is not None
        assert frame is not None
        assert evidence.done
        assert evidence.step == frame.step


async def test_the_help_panel_names_every_key() -> None:
    async with Harness().open(160, 60) as harness:
        await harness.press("question_mark")
        assert isinstance(harness.app.screen, HelpScreen)
        for help in ("play or pause", "fill the screen", "quit at once", "evidence against"):
            assert help in harness.text()
        await harness.press("escape")
        assert isinstance(harness.app.screen, MainScreen)
