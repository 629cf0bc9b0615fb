#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/picture/rect.h"
#include "oriel/v1/streaming.pb.h"

namespace oriel::clients {

// One .mp4 or .mkv file of access units of H.264, VP9 or AV1 as they came.
// Room for what ends a file is kept on the disk before each write: a disk that
// runs full (or a file-size limit) costs the frames after that moment and not
// the file; on file systems without fallocate it may cost an .mp4. A killed
// process leaves an .mkv playable, but for its last frame, and an .mp4 not.
// Thread-compatible.
class RecordingFile {
 public:
  // Claims the path. kInvalidArgument: neither .mp4 nor .mkv; kAlreadyExists
  // unless `overwrite`; kInternal: not possible there. An existing file stays
  // as it is until Begin.
  static absl::StatusOr<std::unique_ptr<RecordingFile>> Create(
      const std::string& path, bool overwrite);
  // Removes a file that Create made and Begin never reached. A file that was
  // begun and not finished is what it is.
  ~RecordingFile();
  RecordingFile(const RecordingFile&) = delete;
  RecordingFile& operator=(const RecordingFile&) = delete;

  // Once, before Write; kInvalidArgument: no parameter sets in the keyframe, or
  // a codec that is none of the three.
  absl::Status Begin(v1::VideoCodec codec, Size size,
                     std::span<const uint8_t> first_keyframe,
                     const std::string& title);

  // `time_us` counts from the file's start and rises from call to call.
  // kResourceExhausted: the disk is full; kOutOfRange: the frame before would
  // stand longer than the format can tell. Then Finish.
  absl::Status Write(std::span<const uint8_t> access_unit, bool keyframe,
                     int64_t time_us);

  // Shows the last frame until `end_us`, or as long as the format can tell, and
  // completes the file. A new file without any frame is removed.
  absl::Status Finish(int64_t end_us);
  // Finish succeeded, but perhaps for the last frame.
  bool complete() const;

  const std::string& path() const;
  Size size() const;
  // Of the access units so far.
  uint64_t size_bytes() const;
  // Of the whole file; 0 before Finish.
  uint64_t file_bytes() const;
  // After Finish: what the file has, whatever it was given.
  uint64_t frame_count() const;
  int64_t duration_us() const;

 private:
  class Muxer;
  explicit RecordingFile(std::unique_ptr<Muxer> muxer);

  const std::unique_ptr<Muxer> muxer_;
};

// kInvalidArgument names the two endings that there are.
absl::Status CheckRecordingName(const std::string& path);
// Whether a file of this name plays although nobody could complete it.
bool PlaysWhenCutOff(const std::string& path);

}  // namespace oriel::clients
