#pragma once

#include <cstddef>
#include <string>

namespace oriel {

// A display's name is one word in commands, log lines, file names and URLs.
inline constexpr size_t kMaxDisplayNameBytes = 64;
// libvirt and QEMU take nearly every name for a VM, up to a file name's length.
inline constexpr size_t kMaxVmNameBytes = 255;

// 1 to 64 letters, digits, '-', '_', '.' and ':'.
bool IsDisplayName(const std::string& name);

// `text` with one '-' in place of each run of other characters, and none at its
// ends; cut to `max_bytes`. Different texts can become the same, or empty.
std::string PlainName(const std::string& text, size_t max_bytes);

// `text` itself if it is a name that fits; else a name made of it that differs
// from that of every other text: "Windows 11 (test)" becomes
// "Windows-11-test-" and six digits that only `text` decides.
std::string DisplayNameFor(const std::string& text, size_t max_bytes);

}  // namespace oriel
