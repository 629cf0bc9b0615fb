"""A long web page that scrolls by itself, and the browser that shows it."""

import os
import random
import subprocess
import time

_WORDS = '''the of a display screen server viewer memory picture changes when
every second one driver guest host machine page table kernel device reads
writes without copy while it waits until next frame arrives and sends only what
moved because most pixels stay as they were which makes streams small cheap
exact under heavy load also window text colour edge corner shadow light'''.split()

_HEAD = '''<!doctype html><meta charset="utf-8"><title>Bench</title><style>
body { margin: 0; background: linear-gradient(160deg, #fdfbf7, #dfe9f3 40%,
       #f6e9f0); font: 17px/1.55 "DejaVu Sans", sans-serif; color: #24292f; }
main { width: 980px; margin: 0 auto; padding: 24px 48px;
       background: rgba(255, 255, 255, .72); }
h1 { font-size: 38px } h2 { font-size: 26px; border-bottom: 1px solid #c8d1da }
img { width: 470px; border-radius: 10px; margin: 0 10px 10px 0;
      box-shadow: 0 4px 14px rgba(0, 0, 0, .25); }
code { background: #eef1f4; padding: 1px 5px; border-radius: 4px; }
a { color: #0969da }
</style><main>
'''

# Goes back and forth, a wheel's turn after the other.
_SCROLL = '''</main><script>
let y = 0, step = 8;
function scroll() {
  const end = document.documentElement.scrollHeight - innerHeight;
  if (y + step > end || y + step < 0) step = -step;
  window.scrollTo(0, y += step);
  requestAnimationFrame(scroll);
}
addEventListener('load', () => { requestAnimationFrame(scroll); });
</script>
'''


def _sentence(dice):
  words = [dice.choice(_WORDS) for _ in range(dice.randrange(7, 22))]
  if dice.random() < 0.3:
    place = dice.randrange(len(words))
    words[place] = dice.choice(['<code>{}</code>', '<a href="#">{}</a>',
                                '<b>{}</b>']).format(words[place])
  return ' '.join(words).capitalize() + '. '


def html(images):
  """The page, with these images in turn."""
  dice = random.Random(11)
  parts = [_HEAD, '<h1>What a screen tells</h1>']
  for chapter in range(24):
    title = ' '.join(dice.choice(_WORDS) for _ in range(5)).capitalize()
    parts.append(f'<h2>{chapter + 1}. {title}</h2>')
    for _ in range(dice.randrange(2, 5)):
      text = ''.join(_sentence(dice) for _ in range(dice.randrange(3, 8)))
      parts.append(f'<p>{text}</p>')
    if chapter % 2:
      for image in (chapter // 2 * 2, chapter // 2 * 2 + 1):
        parts.append(f'<img src="{images[image % len(images)]}">')
  return '\n'.join(parts) + _SCROLL


def make(folder):
  """The page in a folder; its path."""
  subprocess.run(
      ['ffmpeg', '-nostdin', '-v', 'error', '-f', 'lavfi', '-i',
       'mandelbrot=size=640x400:rate=1:start_scale=1:end_scale=0.001:'
       'end_pts=12', '-frames:v', '4', '-vf', 'gblur=0.8,noise=alls=4',
       os.path.join(folder, 'fractal%d.png')], check=True)
  images = [f'fractal{i}.png' for i in range(1, 5)]
  for i in range(2):
    images.insert(2 * i, f'cloud{i}.png')
    subprocess.run(
        ['convert', '-seed', str(i), '-size', '640x400', 'plasma:fractal',
         os.path.join(folder, f'cloud{i}.png')], check=True)
  path = os.path.join(folder, 'page.html')
  with open(path, 'w', encoding='utf-8') as file:
    file.write(html(images))
  return path


def start_browser(screen):
  page = make(screen.folder)
  browser = screen.start('chromium', [
      'chromium', '--no-sandbox', '--disable-gpu', '--disable-gpu-watchdog',
      '--disable-hang-monitor', '--no-first-run', '--no-default-browser-check',
      '--disable-background-networking', '--disable-component-update',
      '--disable-sync', '--password-store=basic',
      f'--user-data-dir={screen.folder}/browser', '--window-position=100,80',
      '--window-size=1600,960', f'--app=file://{page}'])
  screen.wait_for_window('chromium')
  time.sleep(4)
  return browser
