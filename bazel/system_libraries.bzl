"""System libraries as @system//:NAME, with the flags and versions of pkg-config."""

# Bazel name -> pkg-config modules.
_PKG_CONFIG_MODULES = {
    "absl": [
        "absl_base",
        "absl_status",
        "absl_statusor",
        "absl_str_format",
        "absl_strings",
    ],
    "drm": ["libdrm"],
    "ffmpeg": ["libavcodec", "libavformat", "libavutil", "libswscale"],
    "freetype": ["freetype2"],
    "grpc": ["grpc++"],
    "hwy": ["libhwy"],
    "png": ["libpng"],
    "protobuf": ["protobuf"],
    "sdl2": ["sdl2"],
    "sdl2_ttf": ["SDL2_ttf"],
    "spdlog": ["spdlog"],
    "systemd": ["libsystemd"],
    "vncclient": ["libvncclient"],
    "x11": ["x11", "xext"],
    "xxhash": ["libxxhash"],
    "zstd": ["libzstd"],
}

# Libraries whose Debian package has no pkg-config file, or that are headers
# only: (Debian package that tells the version, link options).
_PLAIN = {
    "benchmark": ("libbenchmark-dev", ["-lbenchmark_main", "-lbenchmark", "-lpthread"]),
    "cli11": ("libcli11-dev", []),
    "gtest": ("libgtest-dev", ["-lgmock_main", "-lgmock", "-lgtest", "-lpthread"]),
    "json": ("nlohmann-json3-dev", []),
}

_TOOLS = {
    "grpc_cpp_plugin": "/usr/bin/grpc_cpp_plugin",
    "protoc": "/usr/bin/protoc",
}

_LIBRARY = """
cc_library(
    name = "{name}",
    # The version is a define so that an upgraded library rebuilds its users.
    defines = ["ORIEL_SYSTEM_{upper}=\\"{version}\\""],
    linkopts = {linkopts},
)
"""

_TOOL = """
filegroup(
    name = "{name}",
    srcs = ["{name}.tool"],
)
"""

def _run(repository_ctx, command, missing):
    result = repository_ctx.execute(command)
    if result.return_code != 0:
        fail("{}: {}\n{}\nInstall what is missing with: tools/install_packages".format(
            missing,
            " ".join(command),
            result.stderr,
        ))
    return result.stdout.strip()

def _version_id(text):
    return "_".join(text.replace("+", "_").replace("~", "_").replace(":", "_").split("\n"))

def _library(name, version, linkopts):
    return _LIBRARY.format(
        name = name,
        upper = name.upper(),
        version = _version_id(version),
        linkopts = repr(linkopts),
    )

def _system_libraries_impl(repository_ctx):
    parts = [
        "load(\"@rules_cc//cc:defs.bzl\", \"cc_library\")",
        "package(default_visibility = [\"//visibility:public\"])",
    ]
    for name, modules in _PKG_CONFIG_MODULES.items():
        version = _run(
            repository_ctx,
            ["pkg-config", "--modversion"] + modules,
            "library '{}' is not installed".format(name),
        )
        libs = _run(repository_ctx, ["pkg-config", "--libs"] + modules, name)
        parts.append(_library(name, version, libs.split(" ")))
    for name, (package, linkopts) in _PLAIN.items():
        version = _run(
            repository_ctx,
            ["dpkg-query", "--show", "--showformat=${Version}", package],
            "package '{}' is not installed".format(package),
        )
        parts.append(_library(name, version, linkopts))
    for name, path in _TOOLS.items():
        if not repository_ctx.path(path).exists:
            fail("{} does not exist; run tools/install_packages".format(path))
        repository_ctx.symlink(path, name + ".tool")
        parts.append(_TOOL.format(name = name))
    repository_ctx.file("BUILD", "\n".join(parts))

system_libraries = repository_rule(
    implementation = _system_libraries_impl,
    # Looked at again whenever the Bazel server starts.
    local = True,
    configure = True,
)
