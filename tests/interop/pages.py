"""The pages for people in headless Chromium, at desktop and phone width.

usage: pages.py CHROMIUM DEMO_PAGE STATUS_PAGE [PICTURES]

Each page is opened in a frame of the wanted width; a script unfolds messages, turns the switch, and tells what can be seen. With
PICTURES, a directory, pictures of both pages are left there.
"""

import functools
import html
import http.server
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading

WIDTHS = {"desktop": 1280, "phone": 390}

FRAME = """<!doctype html><meta charset="utf-8"><style>body{margin:0}</style>
<iframe id="frame" src="PAGE" style="width:WIDTHpx;height:HEIGHTpx;border:0"></iframe><pre id="told" hidden></pre>
<script>
frame.onload = () => {
  const page = frame.contentDocument, told = {};
  const fits = () => page.documentElement.scrollWidth <= frame.contentWindow.innerWidth;
  const cut = () => [...page.querySelectorAll("summary span, .note > div, h1, h2, li, dd")].filter(
    one => one.offsetParent && one.getBoundingClientRect().right > frame.contentWindow.innerWidth + 1).length;
  told.text = page.body.innerText;
  told.fits = fits();
  told.cut = cut();
  const folded = [...page.querySelectorAll("details")];
  told.closed = folded.every(one => !one.open);
  folded.forEach(one => one.querySelector("summary").click());
  told.unfolded = folded.filter(one => one.open && one.querySelector("pre").offsetHeight > 0).map(one => one.innerText);
  told.fits_unfolded = fits();
  const see = page.querySelector("#see");
  if (see) {
    see.click();
    told.gateway = page.body.innerText;
    told.fits_gateway = fits();
    if (!location.hash.includes("gateway")) see.click();
    folded.slice(location.hash.includes("one") ? 1 : 0).forEach(one => one.open = false);
  }
  document.getElementById("told").textContent = JSON.stringify(told);
};
</script>"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def chromium(program, *options):
    with tempfile.TemporaryDirectory() as profile:
        command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={profile}"]
        done = subprocess.run(command + list(options), capture_output=True, text=True, timeout=120)
    return done.stdout


def look(program, url):
    dom = chromium(program, "--virtual-time-budget=5000", "--dump-dom", url)
    found = re.search(r'<pre id="told" hidden="">(.*?)</pre>', dom, re.S)
    assert found, dom[:2000]
    return json.loads(html.unescape(found[1]))


def check_demo(told):
    assert told["fits"] and told["fits_unfolded"] and told["fits_gateway"], "it must be scrolled sideways"
    assert told["cut"] == 0, f"{told['cut']} parts stand out of the page"
    assert told["closed"], "a message is unfolded at once"
    assert len(told["unfolded"]) >= 8, f"only {len(told['unfolded'])} messages unfold"
    for message in ["Publication", "Offer", "Initiate", "Confirm", "Request", "Response"]:
        assert any(f"/ {message}, " in text for text in told["unfolded"]), f"no notation of {message}"
    # What the ends know is shown, some of it in messages that unfold, and hidden by the switch.
    shown = told["text"] + "".join(told["unfolded"])
    for secret in ["anna", "ben", "open the valve", "valve is open", "/temperature", "close it at dusk", "87 percent"]:
        assert secret in shown, f"{secret} is not shown"
        assert secret not in told["gateway"], f"the gateway sees {secret}"
    assert "somebody" in told["gateway"] and "The gateway sees epoch 1" in told["gateway"]


def check_status(told):
    assert told["fits"] and told["cut"] == 0, "it must be scrolled sideways"
    for text in ["DKE gateway", "lamp-7", "prekeys left", "messages waiting", "last awake"]:
        assert text in told["text"], f"{text} is not shown"


def main(program, demo, status, pictures=None):
    with tempfile.TemporaryDirectory() as root:
        pages = {"demo": (demo, check_demo), "status": (status, check_status)}
        for name, (page, _) in pages.items():
            shutil.copy(page, pathlib.Path(root, f"{name}.html"))
            for size, width in WIDTHS.items():
                frame = FRAME.replace("PAGE", f"{name}.html").replace("WIDTH", str(width)).replace("HEIGHT", "1600")
                pathlib.Path(root, f"{name}-{size}.html").write_text(frame, encoding="utf-8")
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=root))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        for name, (_, check) in pages.items():
            for size, width in WIDTHS.items():
                url = f"{base}/{name}-{size}.html"
                try:
                    check(look(program, url))
                except AssertionError as error:
                    sys.exit(f"{name} at {size} width: {error}")
                for view in ["", "one", "gateway"] if pictures else []:
                    file = pathlib.Path(pictures, f"{name}-{size}{view and '-' + view}.png").resolve()
                    chromium(program, "--virtual-time-budget=3000", f"--window-size={width},1600", f"--screenshot={file}", f"{url}#{view}")
        server.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
