"""What the dialogs and the other screens promise, through keys."""

from engine.types import AttackSettings, ExplainSettings, Query
from engine.worker import protocol as ev
from tui.screens.form import FormScreen
from tui.screens.help import HelpScreen
from tui.screens.juxtaposition import JuxtapositionScreen
from tui.screens.main import MainScreen
from tui.screens.picker import PickerScreen
from tui.screens.zoom import ZoomScreen
from tui.widgets.picture_list import FilterInput

from .harness import Desk


async def test_the_target_picker_finds_a_class_by_its_letters() -> None:
    async with Desk().open() as desk:
        await desk.press("t")
        assert isinstance(desk.app.screen, PickerScreen)
        assert "a random class" in desk.text("#choices")
        await desk.type("slpbag")
        assert "sleeping bag" in desk.text("#choices")
        await desk.press("enter")
        assert desk.session.attack.target == "sleeping bag"
        assert "sleeping bag" in desk.text("#settings")


async def test_the_target_picker_offers_the_rules_and_escape_changes_nothing() -> None:
    async with Desk().open() as desk:
        await desk.press("t", "down", "enter")
        assert desk.session.attack.target == "similar"
        await desk.press("t", "down", "escape")
        assert desk.session.attack.target == "similar"
        assert isinstance(desk.app.screen, MainScreen)


async def test_a_query_that_fits_nothing_chooses_nothing() -> None:
    async with Desk().open() as desk:
        await desk.press("t")
        await desk.type("qqqq")
        await desk.press("enter")
        assert isinstance(desk.app.screen, PickerScreen)
        assert desk.session.attack == AttackSettings()


async def test_global_keys_are_letters_inside_a_field() -> None:
    async with Desk().open() as desk:
        await desk.press("slash")
        await desk.type("q m")
        assert desk.app.screen.query_one(FilterInput).value == "q m"
        assert desk.session.attack.method == "bim"
        await desk.press("escape", "m")
        assert desk.session.attack.method == "pgd"


async def test_the_filter_narrows_the_list_and_enter_leads_back_to_it() -> None:
    async with Desk(pictures=12).open() as desk:
        await desk.press("slash")
        await desk.type("TABLE")
        assert "1 of 12" in desk.text("#pick")
        await desk.press("enter", "enter")
        assert desk.session.opened is not None
        assert desk.session.opened.path == "photos/balls/table tennis.png"


async def test_escape_clears_the_filter_and_no_match_is_said() -> None:
    async with Desk().open() as desk:
        await desk.press("slash")
        await desk.type("nothing like this")
        assert "no name matches: esc shows all" in desk.text("#list")
        await desk.press("escape")
        assert "elephant" in desk.text("#list")
        assert "no name matches" not in desk.text("#list")


async def test_a_hundred_thousand_pictures_can_be_filtered() -> None:
    async with Desk(pictures=100_000).open() as desk:
        assert "100,000" in desk.text("#pick")
        await desk.press("slash")
        await desk.type("09999")
        await desk.until(lambda: "11 of 100,000" in desk.text("#pick"))
        await desk.press("enter", "pagedown", "enter")
        assert desk.session.opened is not None
        assert "09999" in desk.session.opened.path
        for glance in desk.worker.of(ev.Glance):
            assert len(glance.paths) < 60  # type: ignore[attr-defined]


async def test_the_form_edits_all_settings() -> None:
    async with Desk().open() as desk:
        await desk.press("e", "right", "down", "end", "ctrl+u")
        await desk.type("gas pump")
        await desk.press("down", "ctrl+u")
        await desk.type("8/255")
        await desk.press("enter")
        attack = desk.session.attack
        assert (attack.method, attack.target, attack.epsilon) == ("pgd", "gas pump", 8 / 255)
        assert "0.0314 = 8.00/255" in desk.text("#settings")


async def test_the_form_says_what_is_wrong_and_stays() -> None:
    async with Desk().open() as desk:
        await desk.press("e", "down", "end", "ctrl+u")
        await desk.type("gas pimp")
        await desk.press("enter")
        assert isinstance(desk.app.screen, FormScreen)
        said = " ".join(desk.text("#wrong").split())
        assert "unknown class 'gas pimp': did you mean gas pump" in said
        await desk.press("escape")
        assert desk.session.attack == AttackSettings()


async def test_the_explainer_form_picks_a_layer_and_asks_again() -> None:
    async with Desk().open() as desk:
        await desk.until(lambda: desk.session.evidence)
        await desk.press("b")
        desk.app.screen.query_one("#field-layer").focus()
        await desk.press("enter")
        assert isinstance(desk.app.screen, PickerScreen)
        await desk.type("3")
        await desk.press("enter", "ctrl+s")
        assert desk.session.explain.layer == "features.3"
        assert "features.3" in desk.text("#settings")
        await desk.until(
            lambda: desk.worker.of(ev.Explain)[-1].settings.layer == "features.3"  # type: ignore[attr-defined]
        )


async def test_an_unchanged_explainer_form_keeps_the_settings() -> None:
    settings = ExplainSettings(seconds=2.5, standard_error=0.02, smoothing=0.5, layer="features.7")
    async with Desk(explain=settings).open() as desk:
        await desk.press("b", "enter", "ctrl+s")
        assert desk.session.explain == settings


async def test_p_picks_the_class_to_explain() -> None:
    async with Desk().open() as desk:
        await desk.press("space", "p")
        await desk.type("burrito")
        await desk.press("enter")
        assert "burrito" in desk.text("#settings")
        await desk.until(
            lambda: (
                desk.worker.of(ev.Explain)[-1].queries  # type: ignore[attr-defined]
                == (Query("clean", 7), Query("adversarial", 7))
            )
        )


async def test_another_network_opens_the_picture_anew() -> None:
    async with Desk().open() as desk:
        await desk.press("k")
        assert "104 MB to download" in desk.text("#choices")
        await desk.type("mobile")
        await desk.press("enter")
        assert "mobilenet_v2" in desk.text("#status")
        assert len(desk.worker.of(ev.Open)) == 2


async def test_a_network_that_does_not_exist_leaves_the_app_at_work() -> None:
    async with Desk().open() as desk:
        await desk.press("k")
        await desk.type("missing")
        await desk.press("enter")
        await desk.until(lambda: "did you mean mobilenet_v2" in desk.text("#status"))
        await desk.press("space")
        assert desk.session.frame is not None


async def test_z_fills_the_screen_and_the_arrows_go_round() -> None:
    async with Desk().open(80, 24) as desk:
        await desk.press("space")
        await desk.explained()
        await desk.press("z")
        assert isinstance(desk.app.screen, ZoomScreen)
        seen = []
        for _ in range(5):
            seen.append(desk.text().splitlines()[0].strip())
            await desk.press("right")
        assert [line.split("  ")[0] for line in seen] == [
            "Adversarial picture",
            "Perturbation",
            "Evidence, clean",
            "Evidence, adversarial",
            "Clean picture",
        ]
        assert "step 20: ping-pong ball 99.9 %" in seen[0]
        await desk.press("down")
        assert "step 19" in desk.text()
        await desk.press("escape")
        assert isinstance(desk.app.screen, MainScreen)


async def test_v_before_an_attack_says_what_is_missing() -> None:
    async with Desk().open() as desk:
        await desk.press("v")
        assert "no attack yet: esc, then space starts one" in desk.text("#caption")
        await desk.press("escape", "space", "v")
        assert "no attack yet" not in desk.text("#caption")


async def test_v_explains_the_five_likeliest_classes_of_each_side() -> None:
    async with Desk().open() as desk:
        await desk.press("space")
        await desk.explained()
        await desk.press("v")
        assert isinstance(desk.app.screen, JuxtapositionScreen)
        queries = desk.worker.of(ev.Explain)[-1].queries  # type: ignore[attr-defined]
        assert [query.side for query in queries] == ["clean", "adversarial"] * 5
        assert "African elephant" in desk.text("#grid")
        assert "ping-pong ball" in desk.text("#grid")
        await desk.press("p")
        await desk.type("tusker")
        await desk.press("enter")
        picked = desk.worker.of(ev.Explain)[-1].queries  # type: ignore[attr-defined]
        # The class picked comes first on both sides, and the others stay.
        assert picked[:2] == (Query("clean", 3), Query("adversarial", 3))
        for side in ("clean", "adversarial"):
            rest, before = (
                [q for q in each if q.side == side and q.class_index != 3]
                for each in (picked, queries)
            )
            assert rest == before
        await desk.press("escape")
        assert "n 200" in desk.text("#caption")


async def test_heat_modes_overlay_and_scale_have_keys() -> None:
    async with Desk().open() as desk:
        await desk.until(lambda: desk.session.evidence)
        await desk.press("h", "o", "f")
        look = desk.session.look
        assert (look.mode, look.overlay, look.shared) == ("absolute", False, False)
        assert "own scale" in desk.text("#heat-clean") or not desk.session.look.shared


async def test_the_help_panel_names_every_key() -> None:
    async with Desk().open(160, 60) as desk:
        await desk.press("question_mark")
        assert isinstance(desk.app.screen, HelpScreen)
        for words in ("play or pause", "fill the screen", "quit at once", "evidence against"):
            assert words in desk.text()
        await desk.press("escape")
        assert isinstance(desk.app.screen, MainScreen)
