"""Which room may include which: ARCHITECTURE.md's table, as data.

A room is a folder; a file belongs to the longest room that its path starts
with. Every room may include itself.
"""

import os

_VALUES = {'base', 'base/picture'}

# Room -> rooms that it may include.
MAY_INCLUDE = {
    'base': set(),
    'base/picture': set(),
    'capture/abi': set(),
    'capture/borrow': {'base', 'capture/abi'},
    'capture/discovery': {'base', 'capture/device'},
    'capture/device': {'base', 'capture/abi'},
    'capture/region': {'base', 'capture/abi', 'capture/device'},
    'capture/edid': {'base'},
    'capture/igd': {'base'},
    'capture/damage': _VALUES,
    'capture/display': _VALUES | {
        'capture/abi', 'capture/damage', 'capture/device', 'capture/edid',
        'capture/region'},
    'capture/inspect': _VALUES | {
        'capture/abi', 'capture/device', 'capture/display', 'capture/edid',
        'capture/igd', 'capture/region'},
    'capture/sim': _VALUES | {'capture/abi', 'capture/edid', 'capture/igd'},
    'encoder': _VALUES,
    'service/session': _VALUES | {'capture/display', 'encoder'},
    'service/wire': _VALUES | {'encoder', 'proto', 'service/session'},
    'service/rpc': _VALUES | {
        'capture/display', 'capture/edid', 'capture/igd', 'capture/inspect',
        'proto', 'service/auth', 'service/session', 'service/snapshot',
        'service/wire'},
    'service/snapshot': _VALUES | {'capture/display'},
    'service/offers': _VALUES | {
        'capture/borrow', 'capture/device', 'capture/display',
        'service/session'},
    'service/http': _VALUES | {
        'proto', 'service/auth', 'service/session', 'service/wire'},
    'service/auth': {'base', 'proto'},
    'service/config': {'base', 'proto'},
    'service/input': {'base', 'proto'},
    # Wires the parts.
    'service': {'*'},
    'clients': _VALUES | {'capture/edid', 'capture/igd', 'encoder', 'proto'},
    'clients/cli': _VALUES | {
        'capture/edid', 'capture/igd', 'clients', 'encoder/video', 'proto'},
    'proto': set(),
    'bazel': set(),
    'tests': {'*'},
    'tools': {'*'},
}

# The start of an include of a library -> rooms that may name it. Libraries
# that are not here may be included anywhere.
LIBRARY_ROOMS = {
    'google/protobuf/': {'clients', 'proto', 'service', 'tests'},
    'grpc/': {'clients', 'service', 'tests'},
    'grpcpp/': {'clients', 'service', 'tests'},
    'libavcodec/': {'clients', 'encoder/still', 'encoder/video', 'tests'},
    'libavformat/': {'clients', 'encoder/video', 'tests'},
    'libavutil/': {
        'clients', 'encoder/still', 'encoder/video', 'service/snapshot',
        'tests'},
    'libswscale/': {
        'clients', 'encoder/still', 'encoder/video', 'service/snapshot',
        'tests'},
    'SDL2/': {'clients/viewer'},
    'systemd/': {'capture/borrow', 'service'},
    'zstd.h': {'clients/lib', 'encoder/lossless', 'tests'},
}

# No gRPC and no proto in these, although their parent is listed above.
LIBRARY_FREE = {
    'service/session': ('google/protobuf/', 'grpc/', 'grpcpp/'),
}

# Target -> packages that it must not depend on, however indirectly.
NEVER_DEPENDS = {
    '//service:orield': ('//capture/sim',),
    '//clients/cli:oriel': ('//capture/device', '//service'),
    # The process with capabilities stays small.
    '//capture/borrow:oriel-borrow': (
        '//capture/device', '//encoder', '//proto', '//service'),
}


def room_of(path):
  """The room of a path from the root; '' when it belongs to none."""
  parts = path.split('/')[:-1]
  while parts:
    room = '/'.join(parts)
    if room in MAY_INCLUDE:
      return room
    parts.pop()
  return ''


def inside(room, folder):
  return room == folder or room.startswith(folder + '/')


def may_include(path, included_path):
  """Whether the file at `path` may include the other, both from the root."""
  room, included = room_of(path), room_of(included_path)
  allowed = MAY_INCLUDE.get(room, set())
  if room == included or '*' in allowed or included in allowed:
    return True
  # A row can allow one folder of a room, such as encoder/video.
  folder = os.path.dirname(included_path)
  return any(inside(folder, other) for other in allowed if other != 'base')


def may_include_library(path, header):
  """Whether the file may include <header> or "header" of a library."""
  folder = os.path.dirname(path)
  for room, prefixes in LIBRARY_FREE.items():
    if inside(folder, room) and header.startswith(prefixes):
      return False
  for prefix, allowed in LIBRARY_ROOMS.items():
    if header.startswith(prefix):
      return any(inside(folder, room) for room in allowed)
  return True
