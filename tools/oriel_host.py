"""A private host in one folder: oriel-sim devices, orield, and their ends.

Used by tools/demo and by the tests that drive the programs.
"""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class HostError(Exception):
  """Says what did not happen, and shows the log that tells why."""


def _die_with_parent():
  _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
  """One child in its own session, so that a Ctrl-C reaches its owner only.

  It dies with its owner, whatever ends that.
  """

  def __init__(self, name, arguments, log_path, stdin=subprocess.DEVNULL,
               **kwargs):
    self.name = name
    self.log_path = log_path
    with open(log_path, 'ab') as log:
      self.popen = subprocess.Popen(
          arguments, stdin=stdin, stdout=log, stderr=log,
          start_new_session=True, preexec_fn=_die_with_parent, **kwargs)

  @property
  def pid(self):
    return self.popen.pid

  def log(self):
    with open(self.log_path, encoding='utf-8', errors='replace') as log:
      return log.read()

  def check_running(self):
    status = self.popen.poll()
    if status is not None:
      raise HostError(f'{self.name} ended with status {status}:\n{self.log()}')

  def check_succeeded(self):
    """Of one that has ended."""
    if self.popen.poll() != 0:
      raise HostError(f'{self.name} ended with status {self.popen.poll()}:\n'
                      f'{self.log()}')

  def stop(self, timeout_s=20):
    """SIGTERM, and SIGKILL when that is not heeded. The exit status."""
    if self.popen.poll() is None:
      self.popen.terminate()
      try:
        self.popen.wait(timeout_s)
      except subprocess.TimeoutExpired:
        self.popen.kill()
        self.popen.wait()
    return self.popen.returncode

  def kill(self):
    self.popen.kill()
    self.popen.wait()


def signal_group(process, number):
  """Signals a Process and its children; none that has ended."""
  try:
    os.killpg(process.pid, number)
  except ProcessLookupError:
    pass


def wait_until(condition, what, processes=(), timeout_s=60):
  """Returns the condition's first true value."""
  deadline = time.monotonic() + timeout_s
  while True:
    value = condition()
    if value:
      return value
    for process in processes:
      process.check_running()
    if time.monotonic() > deadline:
      logs = ''.join(f'\n{p.name}:\n{p.log()}' for p in processes)
      raise HostError(f'{what}: not within {timeout_s} s{logs}')
    time.sleep(0.05)


class Host:
  """A folder with sockets, configuration and logs; a context manager that
  stops what it started, newest first, and removes the folder.

  Args:
    programs: {'oriel-sim': path, 'orield': path, 'oriel': path, ...}.
  """

  def __init__(self, programs, prefix='oriel-'):
    self.programs = programs
    # Socket paths are limited to 107 bytes: never under a deep test folder.
    runtime = os.environ.get('XDG_RUNTIME_DIR', '')
    if not os.path.isdir(runtime) or len(runtime) > 60:
      runtime = '/tmp'
    self.folder = tempfile.mkdtemp(prefix=prefix, dir=runtime)
    self.server = f'unix:{self.folder}/oriel.sock'
    self.processes = []
    self.orield = None

  def __enter__(self):
    return self

  def __exit__(self, *unused):
    self.close()

  def close(self):
    for process in reversed(self.processes):
      process.stop()
    shutil.rmtree(self.folder, ignore_errors=True)

  def abandon(self):
    """close() for whoever does not want to wait."""
    for process in self.processes:
      process.popen.kill()
    shutil.rmtree(self.folder, ignore_errors=True)

  def path(self, name):
    return os.path.join(self.folder, name)

  def environment(self):
    """For commands that look at this host."""
    environment = dict(os.environ, ORIEL_SERVER=self.server)
    folders = dict.fromkeys(os.path.dirname(p) for p in self.programs.values())
    environment['PATH'] = os.pathsep.join(
        list(folders) + [environment.get('PATH', '/usr/bin:/bin')])
    return environment

  def start(self, name, arguments, **kwargs):
    process = Process(name, arguments, self.path(f'{name}.log'), **kwargs)
    self.processes.append(process)
    return process

  def start_sim(self, display, *options):
    """Starts oriel-sim and waits for its socket."""
    socket = self.path(f'{display}.sock')
    process = self.start(
        f'sim-{display}',
        [self.programs['oriel-sim'], '--socket', socket] + list(options))
    wait_until(lambda: os.path.exists(socket), f'socket of {process.name}',
               [process])
    return process

  def display_config(self, display, framebuffer=''):
    socket = self.path(f'{display}.sock')
    return (f'display {{\n  name: "{display}"\n'
            f'  vfio_user {{ socket: "{socket}" }}\n{framebuffer}}}\n')

  def framebuffer_config(self, *options):
    """The framebuffer { ... } of oriel-sim with these options."""
    done = subprocess.run(
        [self.programs['oriel-sim'], '--print-config'] + list(options),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding='utf-8')
    if done.returncode != 0:
      raise HostError(done.stderr.strip())
    return done.stdout

  def start_orield(self, config, *options, **kwargs):
    config_path = self.path('oriel.conf')
    with open(config_path, 'w', encoding='utf-8') as file:
      file.write(config)
    self.orield = self.start(
        'orield', [self.programs['orield'], '--config', config_path,
                   '--listen', self.server] + list(options), **kwargs)
    return self.orield

  def oriel(self, *arguments, timeout_s=120, **kwargs):
    """Runs the client; the CompletedProcess with text in stdout, stderr."""
    return subprocess.run(
        [self.programs['oriel']] + list(arguments), env=self.environment(),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, encoding='utf-8', timeout=timeout_s, **kwargs)

  def show(self, display):
    """The display as `oriel show --json` tells it; None when that fails."""
    done = self.oriel('show', display, '--json')
    return json.loads(done.stdout) if done.returncode == 0 else None

  def wait_for_state(self, display, state, timeout_s=60, reason=''):
    """Waits until the display is in this state, such as 'ready', with this in
    the reason for it; returns what `show` tells then."""
    last = None
    def in_state():
      nonlocal last
      last = self.show(display)
      return last and last['state'] == state and reason in last['state_reason']
    try:
      wait_until(in_state, f'{display} {state} {reason}', [self.orield],
                 timeout_s)
    except HostError as error:
      raise HostError(f'{error}\nlast seen: {last}') from None
    return last
