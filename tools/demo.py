"""The work of tools/demo."""

import argparse
import os
import signal
import subprocess
import sys
import time

import bazel_results
import oriel_host
import stop_signal

TARGETS = {
    'oriel-sim': '//capture/sim:oriel-sim',
    'orield': '//service:orield',
    'oriel': '//clients/cli:oriel',
    'oriel-viewer': '//clients/viewer:oriel-viewer',
}
DISPLAY = 'demo'
# For a command that was asked to end.
COMMAND_PATIENCE_S = 20


def start(host, screen, mode):
  """Starts both programs; returns once the display can be watched."""
  framebuffer = ''
  if screen:
    options = ['--scene', f'xwd:{os.path.abspath(screen)}']
    framebuffer = host.framebuffer_config(*options)
  else:
    options = ['--scene', 'desktop', '--mode', mode]
  host.start_sim(DISPLAY, *options)
  host.start_orield(host.display_config(DISPLAY, framebuffer))
  host.wait_for_state(DISPLAY, 'ready')
  return host.oriel('list').stdout


def run_command(host, command):
  """The command's exit status as a shell would tell it."""
  shell = subprocess.Popen(['bash', '-c', command], env=host.environment())
  try:
    status = shell.wait()
  except stop_signal.Stopped as stopped:
    # A terminal's Ctrl-C came to the shell too, which ends in its own way.
    status = end_command(shell, terminate=stopped.number != signal.SIGINT)
  return status if status >= 0 else 128 - status


def end_command(shell, terminate):
  """Waits for the shell's end, ever less politely; its status."""
  if not terminate:
    try:
      return shell.wait(COMMAND_PATIENCE_S)
    except subprocess.TimeoutExpired:
      pass
  shell.terminate()
  try:
    return shell.wait(COMMAND_PATIENCE_S)
  except subprocess.TimeoutExpired:
    shell.kill()
    return shell.wait()


def link_programs(host):
  """A folder with every program, which has a short path; Bazel's are long, and
  one for each program."""
  folder = host.path('bin')
  os.mkdir(folder)
  for name, path in host.programs.items():
    os.symlink(os.path.abspath(path), os.path.join(folder, name))
  return folder


def show_until_interrupted(host, listing):
  print(f'''
{listing}
Look at it from another shell of this user:

  export ORIEL_SERVER={host.server}
  export PATH={link_programs(host)}:$PATH
  oriel view
  oriel snapshot -o demo.png
  oriel watch --duration 10s
  oriel record -o demo.mp4 --duration 10s

Logs: {host.folder}
Ctrl-C stops the demo.''', flush=True)
  try:
    while True:
      time.sleep(0.5)
      for process in host.processes:
        process.check_running()
  except KeyboardInterrupt:
    print('\nStopping.')


def parse(arguments):
  parser = argparse.ArgumentParser(prog='tools/demo', add_help=False)
  parser.add_argument('--screen')
  parser.add_argument('--mode', default='1920x1080')
  parser.add_argument('--run')
  return parser.parse_args(arguments)


def run(arguments, programs):
  """The exit status."""
  try:
    with oriel_host.Host(programs, prefix='oriel-demo-') as host:
      stop_signal.at_end_now(host.abandon)
      listing = start(host, arguments.screen, arguments.mode)
      if arguments.run is not None:
        return run_command(host, arguments.run)
      show_until_interrupted(host, listing)
      return 0
  except oriel_host.HostError as error:
    print(f'tools/demo: {error}', file=sys.stderr)
    return 1


def main():
  arguments = parse(sys.argv[1:])
  if arguments.screen and not os.path.exists(arguments.screen):
    sys.exit(f'tools/demo: there is no {arguments.screen}; start a screen with '
             'Xvfb :N -screen 0 1920x1080x24 -fbdir DIR and give '
             'DIR/Xvfb_screen0')
  stop_signal.install()
  try:
    programs = bazel_results.build(TARGETS)
    if programs is None:
      sys.exit('tools/demo: the build failed, see above')
    sys.exit(run(arguments, programs))
  except stop_signal.Stopped as stopped:
    sys.exit(128 + stopped.number)


if __name__ == '__main__':
  main()
