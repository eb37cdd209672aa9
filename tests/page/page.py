#!/usr/bin/env python3
"""Usage: page.py PROGRAM [--renew]
Looks at the page of `schema --as html` in headless Chromium: what it draws of a small project and
of one with 300 tables, what it does under hands, and how it looks. Pictures are compared in small,
so that fonts do not count; --renew writes what is expected, to be looked at and committed."""

import html
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zlib

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = pathlib.Path(sys.argv[1]).resolve()
RENEW = "--renew" in sys.argv
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
APPS = ("accounts billing catalog content crm delivery events finance geo hr inventory journal kb "
        "legal mail news orders pricing quality reports").split()
problems = []


def check(holds, message):
    if not holds:
        problems.append(message)
        print("wrong:", message)


def run(folder, *arguments):
    environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    done = subprocess.run([PROGRAM, *arguments], cwd=folder, env=environment, text=True,
                          capture_output=True)
    check(done.returncode == 0, f"{' '.join(arguments)}: {done.stdout}{done.stderr[:400]}")
    check(done.stderr == "", f"{' '.join(arguments)} said {done.stderr[:400]}")


# ---- Projects ------------------------------------------------------------------------------------

def small_project(folder):
    """The sample `blog`, half of which is applied."""
    shutil.copytree(HERE.parent.parent / "samples/blog", folder)
    (folder / "turnstone.json").write_text(json.dumps({
        "apps": {"blog": {}},
        "databases": {"default": {"url": "sqlite:///blog.db"},
                      "archive": {"url": "${NO_SUCH_VARIABLE}"}}}))
    run(folder, "migrate", "blog", "0006")


def large_models(app, index):
    """Fifteen models that refer to each other and, here and there, to other apps."""
    nouns = ("Book Author Order OrderItem Customer Address Payment Invoice Shipment ProductVariant "
             "CategoryTranslation Tag Review StockMovement Warehouse").split()
    models = []
    for at, noun in enumerate(nouns):
        fields = [{"name": "name", "type": "CharField", "max_length": 100}]
        for more in range((at * 7 + index * 3) % 9):
            fields.append({"name": f"value_{more}", "type": "IntegerField", "null": more % 2 == 0})
        if at:
            fields.append({"name": "parent", "type": "ForeignKey", "on_delete": "CASCADE",
                           "to": nouns[(at * 5 + index) % at]})
        if at % 4 == 1 and index:
            fields.append({"name": "other", "type": "ForeignKey", "on_delete": "SET_NULL",
                           "null": True, "related_name": "+", "to": f"{APPS[(index * 3 + at) % index]}.{noun}"})
        models.append({"name": noun, "fields": fields})
    return {"models": models}


def large_project(folder):
    folder.mkdir()
    (folder / "turnstone.json").write_text(json.dumps({
        "apps": {app: {} for app in APPS},
        "databases": {"default": {"url": "sqlite:///large.db"}}}))
    for index, app in enumerate(APPS):
        (folder / app).mkdir()
        (folder / app / "models.json").write_text(json.dumps(large_models(app, index)))
    run(folder, "makemigrations")


def page_of(folder, *arguments):
    begun = time.monotonic()
    run(folder, "schema", *arguments, "--as", "html", "--output", "schema.html")
    took = time.monotonic() - begun
    check(took < 20, f"the page took {took:.1f} s")
    print(f"{folder.name}: written in {took:.1f} s")
    return folder / "schema.html"


# ---- The browser ---------------------------------------------------------------------------------

def browse(page, fragment, *flags):
    """What the browser says, which has nothing to reach."""
    with tempfile.TemporaryDirectory() as profile:
        done = subprocess.run(
            [BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--no-first-run", "--disable-background-networking", "--force-device-scale-factor=1",
             "--blink-settings=preferredColorScheme=1", "--force-prefers-reduced-motion",
             "--window-size=1200,800", "--virtual-time-budget=5000", "--enable-logging=stderr",
             f"--user-data-dir={profile}", *flags, f"{page.as_uri()}{fragment}"], text=True, capture_output=True, timeout=120)
    for line in done.stderr.splitlines():
        if "CONSOLE" in line:
            check(False, f"{fragment or 'the page'}: {line}")
    return done.stdout


def dom(page, fragment=""):
    text = browse(page, fragment, "--dump-dom")
    check('data-ready="yes"' in text, f"{page.parent.name}{fragment} did not get ready")
    check("data-error" not in text[:2000], f"{page.parent.name}{fragment}: an error in the script")
    # Data stand in the page too; what counts is what was made of them.
    return re.sub(r'<script.*?</script>', "", text, flags=re.S)


def classes(text, attribute, value):
    """The classes of elements with an attribute."""
    found = re.findall(r'<\w+ class="([^"]*)"[^>]*\b%s="%s"' % (attribute, re.escape(value)), text)
    return [one.split() for one in found]


def look_at_small(page):
    text = dom(page)
    tables = re.findall(r'data-table="([^"]*)"', text)
    wanted = [table["name"] for table in data_of(page)["schema"]["tables"]]
    check(sorted(tables) == sorted(wanted) and tables, f"the diagram has {tables}, not {wanted}")
    check(len(re.findall(r'class="relation', text)) == len(data_of(page)["diagram"]["relations"]) + 3,
          "there is not a line for each relation, beside three in the legend")
    text = dom(page, "#table=blog_post")
    check(["selected"] == [one for one in classes(text, "data-table", "blog_post")[0]
                           if one == "selected"], "blog_post is not selected")
    lit = [one for one in classes(text, "data-from", "blog_post") if "lit" in one]
    check(lit, "no relation of blog_post is highlighted")
    details = text[text.index('id="details"'):]
    for part in ("<h2>blog_post</h2>", "Refers to", "Is referred to by", "Indexes", "History",
                 "blog.0002_title", "not null"):
        check(part in details, f"the details of blog_post lack {part}")
    text = dom(page, "#migrations")
    for part in ("default: 6 of 10 applied", "archive: not asked", "not applied", "✓ 20"):
        check(part in text, f"the migrations lack {part}")
    text = dom(page, "#migration=blog.0002_title")
    check("<h2>blog.0002_title</h2>" in text and "blog_post" in text[text.index("<h2>"):],
          "a migration does not tell its tables")


def look_at_large(page):
    text = dom(page)
    check(text.count("data-table=") == 300, f"{text.count('data-table=')} tables are drawn, not 300")
    check(text.count('class="area"') == len(APPS), "not every app has an area")
    boxes = [table["place"] for table in data_of(page)["diagram"]["tables"]]
    for at, (x, y, width, height) in enumerate(boxes):
        for left, top, wide, high in boxes[:at]:
            if x < left + wide and left < x + width and y < top + high and top < y + height:
                check(False, f"tables lie over each other at {x}, {y}")
    text = dom(page, "#table=kb_order")
    check("<h2>kb_order</h2>" in text, "kb_order does not open")


def data_of(page):
    text = page.read_text()
    return json.loads(re.search(r'id="data">(.*?)</script>', text, re.S)[1])


def no_resource(page):
    text = page.read_text().replace("http://www.w3.org/2000/svg", "")
    for part in ("http:", "https:", "src=", "@import", "url(", "<link", "eval(", "innerHTML"):
        check(part not in text, f"the page has {part}")


# ---- Hands ---------------------------------------------------------------------------------------

HANDS = """
const results = {};
const world = () => document.querySelector('#diagram > g').getAttribute('transform');
const diagram = document.getElementById('diagram');
const key = (name, at = document) => at.dispatchEvent(new KeyboardEvent('keydown',
  {key: name, bubbles: true, cancelable: true}));
const pause = (time) => new Promise((done) => setTimeout(done, time));
const changes = async (name, act) => {
  const before = world();
  await act();
  await pause(400);
  results[name] = world() !== before;
};
const pointer = (kind, x, y, at = diagram) => at.dispatchEvent(new PointerEvent(kind,
  {pointerId: 1, button: 0, clientX: x, clientY: y, bubbles: true}));
(async () => {
  await changes('wheel', () => diagram.dispatchEvent(new WheelEvent('wheel',
    {deltaY: -200, clientX: 500, clientY: 300, cancelable: true})));
  await changes('drag', () => {
    pointer('pointerdown', 500, 300);
    pointer('pointermove', 540, 340);
    pointer('pointerup', 540, 340);
  });
  for (const name of ['+', '-', 'ArrowLeft', 'ArrowDown', '0']) await changes('key ' + name, () => key(name));
  for (const id of ['zoom-in', 'zoom-fit', 'zoom-out']) {
    await changes(id, () => document.getElementById(id).click());
  }
  const search = document.getElementById('search');
  key('/');
  results.slash = document.activeElement === search;
  search.value = 'STOCK mov';
  await changes('search', () => search.dispatchEvent(new Event('input')));
  results.matches = document.querySelectorAll('.match').length;
  results.listed = document.querySelectorAll('#list a').length;
  results.told = document.getElementById('found').textContent;
  key('Enter', search);
  await pause(400);
  results.entered = location.hash;
  results.lit = document.querySelectorAll('.relation.lit').length;
  key('Escape');
  await pause(100);
  results.cleared = document.querySelectorAll('#list a').length;
  key('Escape');
  await pause(100);
  results.closed = document.getElementById('details').hidden;
  const table = document.querySelector('[data-table=crm_order]');
  table.dispatchEvent(new PointerEvent('pointerenter'));
  results.hovered = document.querySelectorAll('.relation.lit').length;
  table.dispatchEvent(new PointerEvent('pointerleave'));
  results.unhovered = document.querySelectorAll('.relation.lit').length;
  pointer('pointerdown', 10, 10, table);
  pointer('pointerup', 10, 10, table);
  table.dispatchEvent(new MouseEvent('click', {bubbles: true}));
  await pause(100);
  results.clicked = location.hash;
  search.value = 'no such thing';
  search.dispatchEvent(new Event('input'));
  results.nothing = document.getElementById('list').textContent;
  document.documentElement.dataset.results = JSON.stringify(results);
})();
"""


def use_hands(page):
    handled = page.with_name("hands.html")
    handled.write_text(page.read_text().replace("</body>", f"<script>{HANDS}</script></body>"))
    text = browse(handled, "", "--dump-dom")
    found = re.search(r'data-results="([^"]*)"', text)
    check(found, "the hands did not come to an end")
    results = json.loads(html.unescape(found[1])) if found else {}
    for name in ("wheel", "drag", "key +", "key -", "key ArrowLeft", "key ArrowDown", "key 0",
                 "zoom-in", "zoom-out", "zoom-fit", "slash", "search", "closed"):
        check(results.get(name) is True, f"{name} does nothing")
    wanted = {"matches": len(APPS), "listed": len(APPS), "told": f"{len(APPS)} of 300 tables",
              "entered": "#table=accounts_stockmovement", "cleared": 300, "unhovered": 0,
              "clicked": "#table=crm_order", "nothing": "Nothing is named so."}
    for name, value in wanted.items():
        check(results.get(name) == value, f"{name} is {str(results.get(name))[:80]!r}, not {value!r}")
    for name in ("lit", "hovered"):
        check(results.get(name, 0) > 0, f"{name}: no relation is highlighted")


# ---- Pictures ------------------------------------------------------------------------------------

def unfiltered(kind, line, above, step):
    """A line of a PNG (ISO 15948, 9.2)."""
    if kind == 0:
        return line
    if kind == 2:
        return bytearray((a + b) & 255 for a, b in zip(line, above))
    for i in range(len(line)):
        left = line[i - step] if i >= step else 0
        up = above[i]
        if kind == 1:
            line[i] = (line[i] + left) & 255
        elif kind == 3:
            line[i] = (line[i] + (left + up) // 2) & 255
        else:
            corner = above[i - step] if i >= step else 0
            guess = left + up - corner
            far = (abs(guess - left), abs(guess - up), abs(guess - corner))
            line[i] = (line[i] + (left, up, corner)[far.index(min(far))]) & 255
    return line


def read_png(file):
    """Width, height, bytes of a pixel, lines."""
    text = file.read_bytes()
    at, packed = 8, b""
    while at < len(text):
        length, kind = struct.unpack(">I4s", text[at:at + 8])
        if kind == b"IHDR":
            width, height, _, colour = struct.unpack(">IIBB", text[at + 8:at + 18])
        if kind == b"IDAT":
            packed += text[at + 8:at + 8 + length]
        at += 12 + length
    step = {2: 3, 6: 4}[colour]
    raw = zlib.decompress(packed)
    lines, above = [], bytearray(width * step)
    for row in range(height):
        begin = row * (width * step + 1)
        line = bytearray(raw[begin + 1:begin + 1 + width * step])
        above = unfiltered(raw[begin], line, above, step)
        lines.append(above)
    return width, height, step, lines


def write_png(file, width, height, pixels):
    def chunk(kind, text):
        return struct.pack(">I", len(text)) + kind + text + struct.pack(
            ">I", zlib.crc32(kind + text))
    raw = b"".join(b"\0" + bytes(pixels[row * width * 3:(row + 1) * width * 3])
                   for row in range(height))
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(
        ">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(raw, 9)) +
        chunk(b"IEND", b""))


CELL = 10


def in_small(file):
    """The picture with the mean of each square of CELL pixels."""
    width, height, step, lines = read_png(file)
    columns, rows = width // CELL, height // CELL
    pixels = bytearray()
    for row in range(rows):
        block = lines[row * CELL:(row + 1) * CELL]
        for column in range(columns):
            begin, end = column * CELL * step, (column + 1) * CELL * step
            for colour in range(3):
                total = sum(sum(line[begin + colour:end:step]) for line in block)
                pixels.append(total // (CELL * CELL))
    return columns, rows, pixels


def compare(page, fragment, name, kept):
    picture = kept / (name + ".png")
    browse(page, fragment, f"--screenshot={picture}")
    check(picture.exists(), f"there is no picture of {name}")
    if not picture.exists():
        return
    columns, rows, pixels = in_small(picture)
    expected = HERE / "expected" / (name + ".png")
    if RENEW:
        expected.parent.mkdir(exist_ok=True)
        write_png(expected, columns, rows, pixels)
        print(f"wrote {expected}; the picture itself is {picture}")
        return
    wide, high, step, lines = read_png(expected)
    check((wide, high) == (columns, rows), f"{name} has another size than expected")
    apart = [abs(a - b) for a, b in zip(b"".join(lines), pixels)]
    mean = sum(apart) / len(apart)
    far = sum(1 for one in apart if one > 48) / len(apart)
    print(f"{name}: {mean:.2f} of 255 from what is expected, {far:.2%} of it far")
    check(mean < 4 and far < 0.02,
          f"{name} does not look as expected: see {picture} and {expected}; where it is right, "
          f"run {pathlib.Path(__file__).name} {PROGRAM} --renew and look at what it writes")


def main():
    if not BROWSER:
        print("SKIPPED: chromium is not there; tests/run.sh installs it")
        return 77
    kept = pathlib.Path(tempfile.gettempdir()) / f"turnstone-page-{os.getuid()}"
    kept.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        small, large = pathlib.Path(scratch) / "small", pathlib.Path(scratch) / "large"
        small_project(small)
        large_project(large)
        small_page, large_page = page_of(small), page_of(large)
        no_resource(small_page)
        look_at_small(small_page)
        look_at_large(large_page)
        use_hands(large_page)
        compare(small_page, "#table=blog_post", "blog", kept)
        compare(large_page, "", "large", kept)
    return 1 if problems else 0


sys.exit(main())
