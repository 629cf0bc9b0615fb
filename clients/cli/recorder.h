#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "clients/cli/recording_file.h"
#include "oriel/v1/streaming.pb.h"

namespace oriel::clients {

struct RecordedFile {
  std::string path;
  Size size;
  uint64_t size_bytes = 0;
  // False: it does not play, and nobody knows what of it can be rescued.
  bool complete = false;
  // Of a complete file, what a player finds in it.
  uint64_t frame_count = 0;
  std::chrono::microseconds duration{};
};

// Where each frame stands in a file: differences of capture times, which know
// nothing of the network's or this host's delays. The clock here counts only
// where they make no sense (backwards, or seconds ahead), and for the first
// frame: a picture that was captured long ago is no long first frame.
class RecordingClock {
 public:
  // Microseconds since the first call, rising by 1000 at least.
  int64_t Stamp(uint64_t capture_time_us, Time arrival);

 private:
  std::optional<Time> start_;
  bool stepped_ = false;  // a second frame came
  uint64_t last_capture_us_ = 0;
  int64_t last_here_us_ = 0;
  int64_t last_us_ = 0;
};

// When a screen that rests is asked for its picture once more: a player then
// finds a place to go to, no frame stands longer than a file can tell, and a
// recorder that is killed has lost little. Ever more seldom, because one answer
// is a keyframe that all viewers of the stream get.
class RepeatSchedule {
 public:
  // `soon`: the first time after seconds.
  explicit RepeatSchedule(bool soon) : soon_(soon) {}

  void OnFrame(bool keyframe, Time now);
  // Before the first frame: never.
  Time due() const { return due_; }
  // It is asked for now.
  void Asked(Time now);

 private:
  const bool soon_;
  bool asked_ = false;
  Duration pause_{};
  Time due_ = Time::max();
};

struct RecorderOptions {
  std::string path;
  bool overwrite = false;
  std::string title;
  // From the first frame on; empty: until Finish.
  std::optional<std::chrono::milliseconds> duration;
};

// Makes files of a plain video stream's events: from a keyframe on, a new file
// (name-2.mp4) after each change of the plane. Thread-compatible.
class Recorder {
 public:
  // Claims the first file; errors as RecordingFile::Create.
  static absl::StatusOr<std::unique_ptr<Recorder>> Create(
      const RecorderOptions& options);

  // Finishes the file under way when the plane changed; then true.
  absl::StatusOr<bool> OnFormat(const v1::StreamFormat& format, Time arrival);

  // True: the stream must resync (updates are left out until a keyframe).
  // Finishes the file under way when its last frame stood too long for it.
  // kInternal: the server broke the stream's rules; kResourceExhausted: the
  // disk is full. Finish in both cases.
  absl::StatusOr<bool> OnUpdate(const v1::FrameUpdate& update,
                                const std::string& payload, Time arrival);

  // The stream whose keyframe is to be asked for, because the screen rests;
  // empty: none yet. Call it again at repeat_due().
  std::optional<uint32_t> TakeRepeat(Time now);
  Time repeat_due() const;

  // The last frame is shown until `end`. OK without a file under way.
  absl::Status Finish(Time end);

  // When the first frame of all came; empty before.
  std::optional<Time> start() const { return start_; }
  // When the wished duration ends; empty: not known yet, or there is none.
  std::optional<Time> end() const;
  // A frame came that is from after the end, and was left out.
  bool over() const { return over_; }
  uint64_t frame_count() const;
  uint64_t size_bytes() const;
  // Finished files, in order; none when no frame ever came into one.
  const std::vector<RecordedFile>& files() const { return files_; }

 private:
  explicit Recorder(const RecorderOptions& options);

  absl::StatusOr<bool> WriteFrame(const v1::FrameUpdate& update,
                                  const std::string& payload, Time arrival);
  absl::Status BeginFile(v1::VideoCodec codec, const std::string& keyframe,
                         Time arrival);

  const RecorderOptions options_;
  // Claimed ahead for the first; null between files.
  std::unique_ptr<RecordingFile> file_;
  bool file_begun_ = false;
  v1::VideoCodec codec_ = v1::VIDEO_CODEC_UNSPECIFIED;  // of the file begun
  Time file_start_;
  int64_t last_time_us_ = 0;
  RecordingClock clock_;
  RepeatSchedule repeats_;
  uint32_t stream_id_ = 0;  // of the last frame
  v1::StreamFormat format_;
  uint64_t sequence_ = 0;  // 0: waits for a keyframe
  bool over_ = false;
  std::optional<Time> start_;
  std::vector<RecordedFile> files_;
};

}  // namespace oriel::clients
