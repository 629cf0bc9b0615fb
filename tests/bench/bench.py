"""Measures Oriel beside its peers on one X screen, in turns."""

import dataclasses
import os
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(ROOT, 'tools'), os.path.join(ROOT, 'tests')]

import measure
import oriel_host
import scenes
import servers
import x_screen

UNWATCHED = 'idle, no viewer'
IDLE_LONG = f'idle for {measure.LONG_REST_S} s'
CHANGES = 'changes after rest'
# (seconds of rest, pixels of the square's side, how many).
CHANGES_MEASURED = ((1.2, 16, 15), (1.2, 1, 15),
                    (measure.LONG_REST_S, 16, 3), (measure.LONG_REST_S, 1, 3))
SCENES = ([UNWATCHED, scenes.Idle.name] + [s.name for s in scenes.SCENES] +
          [CHANGES])


def change_name(rest_s, size_px):
  return f'{size_px}x{size_px} px after {rest_s:g} s of rest'


@dataclasses.dataclass
class Results:
  # {scene: {server: Sample}}.
  scenes: dict = dataclasses.field(default_factory=dict)
  # {what changed after which rest: {server: Sample}}.
  changes: dict = dataclasses.field(default_factory=dict)
  # What was not measured, and why.
  notes: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Options:
  seconds: float
  repeats: int
  settle_s: float = 0.7
  # Parts of their names, in small letters; empty: all.
  scenes: list = dataclasses.field(default_factory=list)
  servers: list = dataclasses.field(default_factory=list)
  changes: tuple = CHANGES_MEASURED


def chosen(name, parts):
  return not parts or any(part.lower() in name.lower() for part in parts)


class Bench:
  """One screen, and what is measured on it."""

  def __init__(self, host, programs, options, progress):
    self.options, self.progress = options, progress
    self.flasher = programs['flasher']
    self.host = host
    self.results = Results()
    self.screen = x_screen.XScreen(host)
    self._hang_wallpaper()
    source = ['--scene', f'xwd:{self.screen.file}']
    host.start_sim('screen', *source)
    host.start_orield(
        host.display_config('screen', host.framebuffer_config(*source)))
    host.wait_for_state('screen', 'ready')
    self.servers = self._available_servers(programs)

  def _hang_wallpaper(self):
    """A picture like many, but for a bar that the marker stands out of."""
    path = os.path.join(self.screen.folder, 'wallpaper.png')
    self.screen.run([
        'convert', '-seed', '3', '-size', '480x270', 'plasma:#1d3557-#6d4c7d',
        '-blur', '0x2', '-resize', '%dx%d!' % self.screen.size, '-fill', '#1e1e1e', '-draw',
        'rectangle 0,0 1919,79', path])
    # Says 1 after it has done what it should.
    self.screen.run(['display', '-window', 'root', path], check=False)

  def _available_servers(self, programs):
    available = []
    for server in servers.all_servers(self.host, self.screen, programs):
      if not chosen(server.name, self.options.servers):
        continue
      why = server.missing()
      if why:
        self.results.notes.append(f'{server.name} was not measured: {why}.')
        self.progress(self.results.notes[-1])
      else:
        available.append(server)
    return available

  def run(self):
    wanted = [name for name in SCENES if chosen(name, self.options.scenes)]
    if UNWATCHED in wanted:
      self.progress(UNWATCHED)
      self.results.scenes[UNWATCHED] = {'Oriel': measure.measure_unwatched(
          self.host.orield.pid, self.options.seconds)}
    if scenes.Idle.name in wanted:
      self._with_scene(scenes.Idle, self._run_idle)
    for scene_class in scenes.SCENES:
      if scene_class.name in wanted:
        self._with_scene(scene_class, self._run_scene)
    if CHANGES in wanted:
      self._with_scene(scenes.Idle, self._run_changes)
    return self.results

  def _with_scene(self, scene_class, run):
    scene = scene_class(self.screen)
    try:
      scene.prepare()
      run(scene)
    finally:
      scene.close()

  def _try(self, what, measurement):
    """Its result, or None: the others shall not be lost because of it."""
    self.progress(what)
    try:
      return measurement()
    except (oriel_host.HostError, OSError) as error:
      self.results.notes.append(f'{what} failed: {str(error).splitlines()[0]}')
      self.progress(f'{what} failed: {error}')
      return None

  def _run_idle(self, scene):
    results = self.results.scenes
    results[scene.name], results[IDLE_LONG] = {}, {}
    for server in self.servers:
      samples = self._try(
          f'{scene.name}: {server.name}',
          lambda s=server: measure.measure_rest(s, scene, self.options.seconds))
      if samples:
        results[scene.name][server.name] = samples[0]
        results[IDLE_LONG][server.name] = samples[1]

  def _run_scene(self, scene):
    samples = {server.name: [] for server in self.servers}
    repeats = self.options.repeats
    for repeat in range(repeats):
      for server in self.servers:
        if repeat >= server.most_repeats:
          continue
        sample = self._try(
            f'{scene.name}: {server.name}, {repeat + 1} of '
            f'{min(repeats, server.most_repeats)}',
            lambda s=server, first=repeat == 0: measure.measure(
                s, scene, self.flasher, self.options.seconds,
                self.options.settle_s, judge=first))
        if sample:
          samples[server.name].append(sample)
    self.results.scenes[scene.name] = {
        name: measure.median_sample(s) for name, s in samples.items() if s}

  def _run_changes(self, scene):
    """Of the best encoding, as all read the screen in the same way."""
    server = next((s for s in self.servers if isinstance(s, servers.Oriel)),
                  None)
    for pause_s, size_px, count in self.options.changes if server else ():
      what = change_name(pause_s, size_px)
      sample = self._try(
          f'change of {what}',
          lambda p=pause_s, size=size_px, n=count: measure.measure_changes(
              server, scene, self.flasher, p, size, n))
      if sample:
        self.results.changes[what] = {server.name: sample}


def run(programs, options, progress=lambda text: None):
  """Results.

  Args:
    programs: {name: path} of oriel-sim, orield, oriel, flasher and the eyes.
  """
  with oriel_host.Host(programs, prefix='oriel-bench-') as host:
    return Bench(host, programs, options, progress).run()
