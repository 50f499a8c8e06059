"""The page in both languages, and as a browser shows it."""

import io
import json
import re
from importlib import resources

import pytest
from helpers.browser import chromium
from helpers.demo_page import face, reason
from helpers.faces_on_disk import png
from PIL import Image

from fer_exp.fer2013 import EMOTIONS

pytest.importorskip("fastapi", reason="FastAPI is not installed")
from fer_exp.inference.demo import server as demo_server


def test_the_page_names_no_other_place(ask):
    """No address of another server in any of its parts."""
    for path in ("/", "/page.js", "/page.css"):
        assert not re.search(r"(https?:)?//\w", re.sub(r"^\s*//.*$", "", ask("GET", path)[2], flags=re.M))


def test_the_page_is_korean_where_asked(ask):
    """English otherwise, also for a language that it does not speak."""
    korean = ask("GET", "/?lang=ko")[2]
    assert '<html lang="ko">' in korean
    assert "사람을 판단하는 데 쓰지 마세요." in korean
    for path in ("/", "/?lang=en", "/?lang=xx"):
        english = ask("GET", path)[2]
        assert '<html lang="en">' in english
        assert "Not for judging people." in english
    assert "{{" not in korean + english


def test_each_text_has_its_twin():
    """With the same places to fill, and every text that the page names is there."""
    folder = resources.files("fer_exp.inference.demo")
    words = json.loads((folder / "page.json").read_text("utf-8"))
    for key, (english, korean) in words.items():
        assert set(re.findall(r"{\w+}", english)) == set(re.findall(r"{\w+}", korean)), key
    script = (folder / "page.js").read_text("utf-8")
    assert set(re.findall(r'\btext\("(\w+)"', script)) <= set(words)
    assert {*EMOTIONS, "found_one", "found_many", "none", "unsearched", "ready"} <= set(words)


def test_a_drawn_face_of_each_emotion_is_there_to_try(ask):
    """The same each time, of the size that a network sees; no other name has one."""
    found = {}
    for emotion in EMOTIONS:
        status, headers, found[emotion] = ask("GET", f"/samples/{emotion}.png")
        assert (status, headers["content-type"]) == (200, "image/png")
        with Image.open(io.BytesIO(found[emotion])) as picture:
            assert (picture.size, picture.mode) == ((48, 48), "L")
        assert ask("GET", f"/samples/{emotion}.png")[2] == found[emotion]
    assert len(set(found.values())) == 7
    assert "no sample of joy" in reason(ask("GET", "/samples/joy.png"), 404)
    script = (resources.files("fer_exp.inference.demo") / "page.js").read_text("utf-8")
    assert re.search(r"SAMPLES = (\[.*\]);", script)[1] == json.dumps(list(EMOTIONS))


@pytest.fixture
def browser():
    """Chromium with a camera that shows a moving test picture, which needs no permission."""
    with chromium("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream") as found:
        yield found


@pytest.mark.slow
@pytest.mark.parametrize(("language", "happy"), [("en", "happy"), ("ko", "기쁨")])
def test_a_browser_shows_the_answer(browser, served, tmp_path, language, happy):
    """By keyboard and camera, on a phone, dark and light, without a complaint in the console."""
    (tmp_path / "face.png").write_bytes(png(face()))
    for scheme in ("light", "dark"):
        page = browser.new_page(viewport={"width": 360, "height": 740}, color_scheme=scheme)
        complaints = []
        page.on("console", lambda said, complaints=complaints: complaints.append(said.text))
        page.on("pageerror", lambda error, complaints=complaints: complaints.append(str(error)))
        page.goto(f"http://127.0.0.1:{served}/?lang={language}")
        page.wait_for_selector("#run option", state="attached")
        page.set_input_files("#file", tmp_path / "face.png")
        page.wait_for_selector("#result:not([hidden])")
        names = page.locator("li .emotion").all_inner_texts()
        assert (len(names), happy in names) == (7, True)
        assert names[0] in page.inner_text("#status")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        with page.expect_response("**/predict*") as answered:
            page.click(f"#samples button:has(img[alt$='{happy}'])")
        assert answered.value.status == 200
        page.wait_for_selector("#result:not([hidden])")
        page.focus("#camera")
        page.keyboard.press("Enter")
        page.wait_for_selector("dialog[open]")
        # it waits until the button can be pressed, which is when the camera shows something
        page.click("#take")
        page.wait_for_selector("dialog", state="hidden")
        page.wait_for_selector("#result:not([hidden])")
        assert page.evaluate("document.getElementById('video').srcObject") is None
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        with page.expect_response("**/predict*") as answered:
            page.click(f"#samples button:has(img[alt$='{happy}'])")
        assert answered.value.status == 200
        page.wait_for_selector("#result:not([hidden])")
        assert complaints == []
        page.close()


@pytest.mark.slow
def test_a_browser_says_why_there_is_no_answer(browser, served, tmp_path):
    """No picture, and one that is too large, which is not even sent."""
    (tmp_path / "text.png").write_text("hello")
    with open(tmp_path / "large.png", "wb") as file:
        file.truncate(demo_server.MOST_BYTES + 1)
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.method))
    page.goto(f"http://localhost:{served}/")
    page.wait_for_selector("#run option", state="attached")
    page.set_input_files("#file", tmp_path / "text.png")
    page.wait_for_selector("#error:not(:empty)")
    assert page.inner_text("#error") == "This cannot be read as a picture."
    assert "not a JPEG" in page.inner_text("#reason")
    page.set_input_files("#file", tmp_path / "large.png")
    page.wait_for_selector("#error:has-text('10 MB')")
    assert asked.count("POST") == 1
    assert page.is_hidden("#result")
