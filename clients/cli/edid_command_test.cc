#include "capture/edid/edid.h"
#include "clients/cli/commands_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace oriel::clients {
namespace {

using ::testing::HasSubstr;

std::string Monitor(const std::string& name) {
  const auto block = capture::edid::BuildEdid(
      {.preferred = {1920, 1080, 60'000}, .name = name});
  EXPECT_TRUE(block.ok()) << block.status();
  return std::string(block->begin(), block->end());
}

class EdidCommandTest : public CommandsTest {
 protected:
  EdidCommandTest() {
    server_.edid.set_link(v1::MONITOR_LINK_UP);
    server_.edid.set_edid(Monitor("Old"));
    server_.edid.mutable_limits()->set_max_size_bytes(256);
    server_.edid.mutable_limits()->set_writable(true);
    server_.set_edid = [this](const v1::SetEdidRequest& request,
                              v1::SetEdidResponse* response) {
      asked_ = request;
      response->set_edid(request.has_mode() ? Monitor("New") : request.edid());
      return grpc::Status::OK;
    };
  }

  std::string Written(const std::string& name, const std::string& content) {
    const std::string path = Fresh(name);
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  v1::SetEdidRequest asked_;
};

TEST_F(EdidCommandTest, GetDecodesWhatIsPluggedIn) {
  const Outcome text = Run({"edid", "get", "vm7"});
  EXPECT_EQ(text.exit_code, kExitOk) << text.err;
  EXPECT_THAT(text.out, HasSubstr("link:          up\n"));
  EXPECT_THAT(text.out, HasSubstr("preferred:     1920x1080 at "));
  const auto json = nlohmann::json::parse(Run({"edid", "get", "--json"}).out);
  EXPECT_EQ(json["display"], "vm7");
  EXPECT_EQ(json["name"], "Old");
  EXPECT_EQ(json["preferred"]["width_px"], 1920);
  EXPECT_FALSE(json.contains("path"));
}

TEST_F(EdidCommandTest, GetSavesTheBytesAsTheyAre) {
  server_.edid.set_edid("no EDID");
  const std::string path = Written("saved.edid", "the old one");
  const Outcome outcome = Run({"edid", "get", "-o", path});
  EXPECT_EQ(outcome.exit_code, kExitOk) << outcome.err;
  EXPECT_EQ(outcome.out, path + ": 7 bytes\n");
  EXPECT_EQ(Content(path), server_.edid.edid());
  EXPECT_EQ(Run({"edid", "get", "-o", "-"}).out, server_.edid.edid());
  const auto json =
      nlohmann::json::parse(Run({"edid", "get", "-o", path, "--json"}).out);
  EXPECT_EQ(json["path"], path);
  EXPECT_EQ(json["problems"].size(), 1u);
}

TEST_F(EdidCommandTest, BytesAreNothingForATerminal) {
  out_is_terminal_ = true;
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"edid", "get", "-o", "-"},
                                             {"opregion", "--output", "-"},
                                             {"opregion", "--vbt", "-"},
                                             {"snapshot", "-o", "-"}}) {
    const Outcome outcome = Run(arguments);
    EXPECT_EQ(outcome.exit_code, kExitUsage);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, HasSubstr("is nothing for a terminal; redirect"));
  }
}

TEST_F(EdidCommandTest, WithoutAMonitorThereIsNothingToWrite) {
  server_.edid.clear_edid();
  server_.edid.set_link(v1::MONITOR_LINK_UNKNOWN);
  const Outcome text = Run({"edid", "get"});
  EXPECT_EQ(text.exit_code, kExitOk);
  EXPECT_THAT(text.out, HasSubstr("EDID:    none is set yet\n"));
  EXPECT_EQ(Run({"edid", "get", "--json"}).exit_code, kExitOk);
  const std::string path = Fresh("none.edid");
  for (const std::string& output : {path, std::string("-")}) {
    const Outcome outcome = Run({"edid", "get", "-o", output});
    EXPECT_EQ(outcome.exit_code, kExitFailure);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, HasSubstr("vm7 has no EDID yet"));
  }
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

TEST_F(EdidCommandTest, AFileThatCannotBeWrittenIsNamed) {
  const Outcome outcome = Run({"edid", "get", "-o", "/no-such-folder/a.edid"});
  EXPECT_EQ(outcome.exit_code, kExitFailure);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("cannot write /no-such-folder/a.edid: "));
}

TEST_F(EdidCommandTest, SetAsksForAModeAndPrintsWhatIsPluggedInNow) {
  const Outcome text = Run(
      {"edid", "set", "vm7", "--mode", "1920x1080@59.94", "--name", "Desk"});
  EXPECT_EQ(text.exit_code, kExitOk) << text.err;
  EXPECT_EQ(asked_.display(), "vm7");
  EXPECT_EQ(asked_.mode().width_px(), 1920u);
  EXPECT_EQ(asked_.mode().height_px(), 1080u);
  EXPECT_EQ(asked_.mode().refresh_millihz(), 59'940u);
  EXPECT_EQ(asked_.monitor_name(), "Desk");
  EXPECT_THAT(text.out, HasSubstr("display:       vm7\n"));
  EXPECT_THAT(text.out, HasSubstr("name:          New\n"));
  const auto json = nlohmann::json::parse(
      Run({"edid", "set", "--mode", "640x480", "--json"}).out);
  EXPECT_EQ(asked_.mode().refresh_millihz(), 60'000u);
  EXPECT_EQ(asked_.monitor_name(), "");
  EXPECT_EQ(json["display"], "vm7");
  EXPECT_EQ(json["name"], "New");
}

TEST_F(EdidCommandTest, SetSendsAFileAsItIs) {
  const std::string path = Written("plug.edid", Monitor("File"));
  const Outcome outcome = Run({"edid", "set", "--file", path});
  EXPECT_EQ(outcome.exit_code, kExitOk) << outcome.err;
  EXPECT_TRUE(asked_.has_edid());
  EXPECT_EQ(asked_.edid(), Monitor("File"));
  EXPECT_THAT(outcome.out, HasSubstr("name:          File\n"));
}

// A real monitor's: four blocks, of which byte 126 tells old sources one.
TEST_F(EdidCommandTest, SetSendsAllBlocksThatHdmisOverrideCounts) {
  const std::string path = "capture/edid/corpus/hdmi_override_of_four_blocks";
  const Outcome outcome = Run({"edid", "set", "--file", path});
  EXPECT_EQ(outcome.exit_code, kExitOk) << outcome.err;
  EXPECT_EQ(asked_.edid().size(), 512u);
  EXPECT_THAT(outcome.out, HasSubstr("name:          Odyssey G8\n"));
  EXPECT_THAT(outcome.out,
              HasSubstr("preferred:     3840x2160 at 120.00 Hz\n"));
}

TEST_F(EdidCommandTest, AFileThatIsNoEdidIsNamedAndNotSent) {
  const auto error = [this](const std::string& path) {
    const Outcome outcome = Run({"edid", "set", "--file", path});
    EXPECT_EQ(outcome.exit_code, kExitFailure);
    EXPECT_EQ(outcome.out, "");
    return outcome.err;
  };
  const std::string noise = Written("noise.edid", "noise");
  EXPECT_THAT(error(noise), HasSubstr("cannot plug in " + noise + ": "));
  std::string broken = Monitor("File");
  broken[127] ^= 1;
  EXPECT_THAT(error(Written("sum.edid", broken)),
              HasSubstr("; nothing was changed"));
  EXPECT_THAT(error("/dev/zero"), HasSubstr("more than 32 KiB"));
  EXPECT_THAT(error("/no-such.edid"), HasSubstr("No such file"));
  EXPECT_FALSE(asked_.has_edid());
}

TEST_F(EdidCommandTest, ARefusedMonitorIsTheServersReason) {
  server_.set_edid = [](const v1::SetEdidRequest&, v1::SetEdidResponse*) {
    return grpc::Status(grpc::StatusCode::FAILED_PRECONDITION,
                        "a VM drives the device; allow_edid_writes");
  };
  const Outcome outcome = Run({"edid", "set", "--mode", "640x480"});
  EXPECT_EQ(outcome.exit_code, kExitFailure);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "oriel: a VM drives the device; allow_edid_writes\n");
  server_.set_edid = [](const v1::SetEdidRequest&, v1::SetEdidResponse*) {
    return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT,
                        "at most 1920x1200");
  };
  EXPECT_EQ(Run({"edid", "set", "--mode", "4000x3000"}).exit_code, kExitUsage);
}

TEST_F(EdidCommandTest, ADeviceWithoutAnEdidRegionIsAFailure) {
  server_.edid_status = grpc::Status(grpc::StatusCode::FAILED_PRECONDITION,
                                     "the device has no EDID region");
  const Outcome outcome = Run({"edid", "get"});
  EXPECT_EQ(outcome.exit_code, kExitFailure);
  EXPECT_EQ(outcome.err, "oriel: the device has no EDID region\n");
}

TEST_F(EdidCommandTest, WrongArgumentsReachNoServer) {
  server_.Stop();
  EXPECT_EQ(Run({"edid", "set", "--mode", "1600"}).exit_code, kExitUsage);
  EXPECT_EQ(Run({"edid", "set", "--mode", "640x480", "--file", "a"}).exit_code,
            kExitUsage);
  EXPECT_EQ(Run({"edid"}).exit_code, kExitUsage);
  EXPECT_EQ(Run({"edid", "get"}).exit_code, kExitUnavailable);
}

}  // namespace
}  // namespace oriel::clients
