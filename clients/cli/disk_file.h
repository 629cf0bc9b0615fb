#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace oriel::clients {

// A file that is written at any place and keeps room ahead of itself on the
// disk. Thread-compatible.
class DiskFile {
 public:
  // kAlreadyExists unless `overwrite`, which leaves the content for now.
  static absl::StatusOr<std::unique_ptr<DiskFile>> Create(
      const std::string& path, bool overwrite);

  // Whether this object made the file.
  bool created() const { return created_; }
  const std::string& path() const { return path_; }

  // Empties the file.
  absl::Status Truncate();
  // Room for a file of this size. kResourceExhausted: there is none, and a
  // file-size limit counts as well. OK without effect where the file system
  // cannot do it.
  absl::Status Reserve(int64_t size_bytes);
  absl::Status Write(std::span<const uint8_t> bytes);
  // As lseek(2); negative when that failed.
  int64_t Seek(int64_t offset, int whence);
  // -1 when unknown.
  int64_t SizeBytes() const;
  // Gives back the room that was not used, and closes.
  absl::Status Close();
  void Remove();

 private:
  DiskFile(std::string path, UniqueFd fd, bool created);
  absl::Status Error(const char* attempt, int error) const;

  const std::string path_;
  UniqueFd fd_;
  const bool created_;
  bool can_reserve_ = true;
  int64_t reserved_bytes_ = 0;
};

}  // namespace oriel::clients
