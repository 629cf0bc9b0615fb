"""The only place that BUILD files load their rules from.

A newer Bazel changes this file alone.
"""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library", "cc_test")

_COPTS = [
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wnon-virtual-dtor",
    "-Wno-missing-field-initializers",
]

def oriel_cc_library(name, copts = [], **kwargs):
    cc_library(name = name, copts = _COPTS + copts, **kwargs)

def oriel_cc_binary(name, copts = [], **kwargs):
    cc_binary(name = name, copts = _COPTS + copts, **kwargs)

def oriel_cc_test(name, deps = [], copts = [], size = "small", **kwargs):
    """A GoogleTest suite; main() comes from gmock_main."""
    cc_test(
        name = name,
        size = size,
        copts = _COPTS + copts,
        deps = deps + ["@system//:gtest"],
        **kwargs
    )

def oriel_cc_fuzz_test(name, srcs, corpus, deps = [], tags = [], **kwargs):
    """One LLVMFuzzerTestOneInput, two programs.

    NAME replays the corpus as an ordinary test under any compiler. NAME_fuzzer
    is the libFuzzer binary: bazel run --config=fuzz //room:NAME_fuzzer -- DIR
    """
    cc_test(
        name = name,
        size = "small",
        srcs = srcs + ["//bazel/fuzz:replay_main.cc"],
        args = ["$(locations {})".format(f) for f in corpus],
        copts = _COPTS,
        data = corpus,
        tags = tags + ["fuzz"],
        deps = deps,
        **kwargs
    )
    cc_binary(
        name = name + "_fuzzer",
        testonly = True,
        srcs = srcs,
        copts = _COPTS + ["-fsanitize=fuzzer"],
        linkopts = ["-fsanitize=fuzzer"],
        tags = ["manual"],
        deps = deps,
    )

def oriel_cc_benchmark(name, srcs, deps = [], tags = [], **kwargs):
    """A Google Benchmark program, and NAME_test, which runs it for a moment."""
    cc_binary(
        name = name,
        testonly = True,
        srcs = srcs,
        copts = _COPTS,
        deps = deps + ["@system//:benchmark"],
        **kwargs
    )
    cc_test(
        name = name + "_test",
        size = "small",
        srcs = srcs,
        args = ["--benchmark_min_time=0.001"],
        copts = _COPTS,
        tags = tags + ["bench"],
        deps = deps + ["@system//:benchmark"],
        **kwargs
    )

def oriel_script_test(name, src, size = "medium", tags = [], **kwargs):
    """An executable script (its own #! line) as a test."""
    native.sh_test(name = name, size = size, srcs = [src], tags = tags, **kwargs)

def _outputs(srcs, endings):
    return [src[:-len(".proto")] + ending for src in srcs for ending in endings]

def oriel_proto_library(name, srcs, import_root, deps = [], imports = [], grpc = False, **kwargs):
    """C++ for .proto files whose import paths start at the folder `import_root`.

    Args:
      import_root: such as "proto"; includes and imports are relative to it.
      deps: other oriel_proto_library targets.
      imports: the .proto files (labels) that srcs import.
    """
    endings = [".pb.h", ".pb.cc"]
    up = "/".join([".."] * (native.package_name().count("/") - import_root.count("/")))
    flags = "--cpp_out=$(RULEDIR)/" + up
    tools = ["@system//:protoc"]
    if grpc:
        endings += [".grpc.pb.h", ".grpc.pb.cc"]
        flags += " --plugin=protoc-gen-grpc=$(location @system//:grpc_cpp_plugin) " + flags.replace("--cpp_out", "--grpc_out")
        tools.append("@system//:grpc_cpp_plugin")
    outs = _outputs(srcs, endings)
    native.genrule(
        name = name + "_generate",
        srcs = srcs + imports,
        outs = outs,
        cmd = "$(location @system//:protoc) -I{root} -I/usr/include {flags} {srcs}".format(
            root = import_root,
            flags = flags,
            srcs = " ".join(["$(location {})".format(src) for src in srcs]),
        ),
        tools = tools,
    )
    cc_library(
        name = name,
        srcs = [out for out in outs if out.endswith(".cc")],
        hdrs = [out for out in outs if out.endswith(".h")],
        copts = ["-w"],
        strip_include_prefix = "/" + import_root,
        deps = deps + ["@system//:protobuf"] + (["@system//:grpc"] if grpc else []),
        **kwargs
    )
