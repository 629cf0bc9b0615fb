"""The table, and what it was measured on."""

import datetime
import os
import re
import subprocess

import measure

PEER = 'ffmpeg x11grab'


def _row(scene, name, sample, peer):
  p50 = measure.percentile(sample.latencies_ms, 50)
  p95 = measure.percentile(sample.latencies_ms, 95)
  cells = [scene, name, f'{sample.cpu_ms_per_s:.0f}', f'{sample.kb_per_s:.0f}',
           f'{sample.updates_per_s:.0f}', f'{p50:.1f}', f'{p95:.1f}',
           str(sample.missed)]
  if peer is None or name == PEER:
    return cells + ['']
  peer_p50 = measure.percentile(peer.latencies_ms, 50)
  ratios = [_ratio(sample.cpu_ms_per_s, peer.cpu_ms_per_s),
            _ratio(sample.kb_per_s, peer.kb_per_s), _ratio(p50, peer_p50)]
  return cells + [' / '.join(ratios)]


def _ratio(value, reference):
  return f'{value / reference:.2f}' if reference > 0 else '-'


def table(idle, samples):
  """Markdown. `samples`: {scene: {server: Sample}}."""
  header = ['scene', 'server', 'CPU ms/s', 'kB/s', 'updates/s',
            'latency p50 ms', 'p95 ms', 'missed',
            f'CPU / bytes / p50 as a part of {PEER}']
  rows = [['idle, no viewer', 'Oriel', f'{idle.cpu_ms_per_s:.1f}'] +
          [''] * 6]
  for scene, by_server in samples.items():
    for name, sample in by_server.items():
      rows.append(_row(scene, name, sample, by_server.get(PEER)))
  lines = [header, ['---'] * len(header)] + rows
  return '\n'.join('| ' + ' | '.join(cells) + ' |' for cells in lines) + '\n'


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

{_measured_on(root)} Made by `{command}`: {repeats} runs of {seconds:g} s a cell in
turns, medians; latencies are of all runs together.

{text}
Server CPU is the process's user and system time (1000 ms/s is one processor); oriel-sim, which only hands out
the screen's file, and the viewers are not in it. Bytes are what the viewer received. Latency is from just before a
square is drawn on the Xvfb screen (1920x1080) until a viewer that decodes has it, on one machine with one clock.
`{PEER}` runs `-framerate 60 -c:v libx264 -preset ultrafast -tune zerolatency -crf 23 -pix_fmt yuv420p` into a pipe.
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
