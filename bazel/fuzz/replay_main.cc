// Replays a corpus through a fuzz target, so that the target is an ordinary
// test under compilers without libFuzzer.

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes);

namespace {

void RunOne(const std::vector<uint8_t>& input) {
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

// Truncations and single flipped bytes around each file find most of what a
// parser forgets at its edges, without a fuzzing engine.
void RunNeighbours(const std::vector<uint8_t>& input) {
  constexpr size_t kMaxNeighbours = 512;
  const size_t step = input.size() / kMaxNeighbours + 1;
  for (size_t i = 0; i < input.size(); i += step) {
    RunOne(std::vector<uint8_t>(input.begin(), input.begin() + i));
    for (uint8_t flip : {0x01, 0x80, 0xff}) {
      std::vector<uint8_t> changed = input;
      changed[i] ^= flip;
      RunOne(changed);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "no corpus files given\n");
    return 1;
  }
  RunOne({});
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "cannot read corpus file %s\n", argv[i]);
      return 1;
    }
    const std::vector<uint8_t> input((std::istreambuf_iterator<char>(file)),
                                     std::istreambuf_iterator<char>());
    RunOne(input);
    RunNeighbours(input);
  }
  std::printf("%d corpus files replayed\n", argc - 1);
  return 0;
}
