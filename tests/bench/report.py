"""The table, and what it was measured on."""

import datetime
import os
import re
import subprocess

import goals
import measure
import plot

PEER = goals.PEER
_HEADER = ['scene', 'server', 'CPU ms/s', 'kB/s', 'updates/s', 'p50 ms',
           'p95 ms', 'p99 ms', 'missed', 'exact', 'SSIM',
           f'CPU / bytes / p50 as a part of {PEER}']


def _small(value):
  return f'{value:.1f}' if value < 10 else f'{value:.0f}'


def _latencies(sample):
  if not sample.latencies_ms and not sample.missed:
    return [''] * 4
  found = [f'{measure.percentile(sample.latencies_ms, percent):.1f}'
           if sample.latencies_ms else '-' for percent in (50, 95, 99)]
  return found + [f'{sample.missed} of '
                  f'{sample.missed + len(sample.latencies_ms)}']


def _row(scene, name, sample, peer):
  exact = {None: '', True: 'yes', False: 'no'}[sample.exact]
  ssim = '' if sample.ssim is None else f'{sample.ssim:.3f}'
  cells = [scene, name, _small(sample.cpu_ms_per_s), _small(sample.kb_per_s),
           _small(sample.updates_per_s)] + _latencies(sample) + [exact, ssim]
  if peer is None or name == PEER:
    return cells + ['']
  ratios = [_ratio(sample.cpu_ms_per_s, peer.cpu_ms_per_s),
            _ratio(sample.kb_per_s, peer.kb_per_s),
            _ratio(measure.percentile(sample.latencies_ms, 50),
                   measure.percentile(peer.latencies_ms, 50))]
  return cells + [' / '.join(ratios)]


def _ratio(value, reference):
  # Also of nan.
  if not (value >= 0 and reference > 0):
    return '-'
  return f'{value / reference:.2f}'


def _markdown(header, rows):
  return '\n'.join('| ' + ' | '.join(cells) + ' |' for cells in
                   [header, ['---'] * len(header)] + rows) + '\n'


def table(results):
  """Markdown of all scenes."""
  return _markdown(_HEADER, [
      _row(scene, name, sample, by_server.get(PEER))
      for scene, by_server in results.scenes.items()
      for name, sample in by_server.items()])


def changes_table(results):
  """Markdown; empty when none were measured."""
  rows = []
  for what, by_server in results.changes.items():
    for name, sample in by_server.items():
      rows.append([what, name] + _latencies(sample) +
                  [f'{max(sample.latencies_ms, default=0):.1f}'])
  if not rows:
    return ''
  return _markdown(['change', 'server', 'p50 ms', 'p95 ms', 'p99 ms', 'missed',
                    'max ms'], rows)


def text(results, scan_text=''):
  """All of it, the notes too."""
  parts = [table(results)]
  changes = changes_table(results)
  if changes:
    parts.append('On a screen at rest, from a change to the picture:\n\n' +
                 changes)
  judged = goals.table(results)
  if judged:
    parts.append('Goals:\n\n' + judged)
  if scan_text:
    parts.append(scan_text)
  parts += [note + '\n' for note in results.notes]
  return '\n'.join(parts)


def _processor():
  with open('/proc/cpuinfo', encoding='utf-8') as file:
    found = re.search(r'model name\s*: (.*)', file.read())
  return found.group(1) if found else 'unknown processor'


def _commit(root):
  def git(*arguments):
    return subprocess.run(['git', '-C', root] + list(arguments), check=True,
                          stdout=subprocess.PIPE,
                          encoding='utf-8').stdout.strip()
  changed = git('status', '--porcelain', '--untracked-files=no')
  return git('rev-parse', '--short', 'HEAD') + (' and changes' if changed else '')


def _measured_on(root):
  return (f'{datetime.date.today().isoformat()}, commit {_commit(root)}, '
          f'{os.cpu_count()} processors ({_processor()}), load\n'
          f'average {os.getloadavg()[0]:.1f} at the end.')


def streams(root, command, repeats, seconds, text):
  """The section of RESULTS.md about them."""
  return f'''# Results of tests/bench

{_measured_on(root)} Made by `{command}`: {repeats} x {seconds:g} s a cell in
turns (at most 2 for the VNC servers; 1 at rest, for H264 and for x11vnc without XDamage), medians; latencies are of
all runs together.

{text}
Server CPU is the process's user and system time (1000 ms/s is one processor); oriel-sim, which only hands out
the screen's file, and the viewers are not in it. Bytes are what the viewer received. Latency is from just before a
square is drawn on the Xvfb screen (1920x1080) until a viewer that decodes has it, on one machine with one clock; the
square changes about five times a second. `exact`: two seconds after the scene stopped, the viewer's picture equals the
screen in every pixel. `SSIM`: of the film's brightness in the viewer's picture with the screen's, 80 ms after the film
stopped; a picture that lags counts as it is. Scenes and viewers share the processors with the server.

`{PEER}` runs `-framerate 60 -c:v libx264 -preset ultrafast -tune zerolatency -crf 23 -pix_fmt yuv420p` into a pipe.
The VNC servers run with their defaults; their viewer asks for what TigerVNC's asks for: Tight with JPEG quality 8. What
they send as JPEG is not made exact later, and TigerVNC draws the pointer into the picture.
'''


RELEASES_HEADING = '## Letting go of devices'


def releases(root, command, text):
  """The section of RESULTS.md about them."""
  return f'''{RELEASES_HEADING}

{_measured_on(root)} Made by `{command}` on a real kernel, in a
QEMU without KVM, which is many times slower than a host; QEMU below is a second one inside. Each time somebody
watches the display. Goals: a VM's group opens again within 100 ms of its VMM's death (the next VM cannot start
before), and the removal of a device returns within 500 ms.

{text}
The process that plays a VMM opens its device as QEMU does, and is killed with SIGKILL. mdpy has no request
interrupt, so its removal is noticed by its place in sysfs.
'''


def write_plot(root, results_path):
  """docs/images/bench.svg, of the table in RESULTS.md."""
  plot.write(results_path, os.path.join(root, 'docs', 'images', 'bench.svg'))


def write(path, streams_text=None, releases_text=None):
  """Replaces one section of the document and keeps the other."""
  try:
    with open(path, encoding='utf-8') as file:
      old = file.read()
  except FileNotFoundError:
    old = ''
  before, heading, after = old.partition(RELEASES_HEADING)
  sections = [streams_text or before, releases_text or heading + after]
  with open(path, 'w', encoding='utf-8') as file:
    file.write('\n\n'.join(section.strip() for section in sections
                            if section) + '\n')
