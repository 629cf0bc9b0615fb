#include "base/command_line.h"

#include <CLI/CLI.hpp>

#include "base/version.h"
#include "base/word_options.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// A program with one flag and one number, and one with commands.
class CommandLineTest : public ::testing::Test {
 protected:
  CommandLineTest() {
    NameProgram(program_, "prog");
    program_.add_option("--count", count_, "How many")->check(CLI::Range(1, 9));
    program_.add_option("--file", file_, "Where");
    AddLogLevel(program_, &level_);
    NameProgram(family_, "family");
    family_.require_subcommand(1);
    family_.add_subcommand("list", "Lists.")->add_flag("--follow");
    CLI::App* edid = family_.add_subcommand("edid", "EDIDs.");
    edid->require_subcommand(1);
    edid->add_subcommand("get", "Gets.");
  }

  // The whole answer to wrong usage.
  static std::string Refused(CLI::App& app,
                             const std::vector<std::string>& arguments) {
    const auto answer = ParseCommandLine(app, arguments);
    if (!answer.has_value()) return "was taken";
    EXPECT_EQ(answer->exit_code, 2);
    EXPECT_EQ(answer->out, "");
    return answer->err;
  }

  CLI::App program_{"Does something."};
  CLI::App family_{"Does several things."};
  int count_ = 0;
  std::string file_;
  std::string level_ = "info";
};

TEST_F(CommandLineTest, WhatIsRightNeedsNoAnswer) {
  EXPECT_FALSE(
      ParseCommandLine(program_, {"--count", "3", "--log-level", "warn"}));
  EXPECT_EQ(count_, 3);
  EXPECT_EQ(level_, "warn");
}

TEST_F(CommandLineTest, VersionAndHelpNameTheProgramAndNoPath) {
  const auto version = ParseCommandLine(program_, {"--version"});
  ASSERT_TRUE(version.has_value());
  EXPECT_EQ(version->exit_code, 0);
  EXPECT_EQ(version->out, std::string("prog ") + kVersion + "\n");
  const auto help = ParseCommandLine(program_, {"--help"});
  ASSERT_TRUE(help.has_value());
  EXPECT_EQ(help->exit_code, 0);
  EXPECT_THAT(help->out, HasSubstr("Usage: prog [OPTIONS]"));
  EXPECT_THAT(help->out, HasSubstr("trace, debug, info, warn, error"));
}

TEST_F(CommandLineTest, AnErrorSaysWhoSpeaksWhatIsWrongAndWhereHelpIs) {
  EXPECT_EQ(Refused(program_, {"--cuont", "3"}),
            "prog: unknown flag '--cuont'; did you mean --count?\n"
            "See: prog --help\n");
  EXPECT_EQ(Refused(program_, {"stray"}),
            "prog: surplus argument 'stray'\nSee: prog --help\n");
  EXPECT_EQ(Refused(program_, {"--log-level", "loud"}),
            "prog: 'loud' is no value of --log-level; there are: trace, debug, "
            "info, warn, error\nSee: prog --help\n");
  for (const std::vector<std::string>& wrong :
       {std::vector<std::string>{"--count", "10"}, {"--count"}, {"--file"}}) {
    EXPECT_THAT(Refused(program_, wrong), StartsWith("prog: " + wrong[0]));
  }
}

TEST_F(CommandLineTest, CommandsAreNamedWithTheProgram) {
  EXPECT_EQ(Refused(family_, {"lst"}),
            "family: unknown command 'lst'; did you mean list?\n"
            "See: family --help\n");
  EXPECT_EQ(Refused(family_, {"list", "--folow"}),
            "family: unknown flag '--folow'; did you mean --follow?\n"
            "See: family list --help\n");
  EXPECT_EQ(Refused(family_, {"edid", "gte"}),
            "family: unknown command 'edid gte'; did you mean get?\n"
            "See: family edid --help\n");
  EXPECT_THAT(Refused(family_, {}), StartsWith("family: no command given\n"));
}

TEST_F(CommandLineTest, AnAnswerThatCannotBeWrittenIsAFailure) {
  ASSERT_EQ(WriteToStandardOutput(""), absl::OkStatus());
  EXPECT_EXIT(
      {
        if (std::freopen("/dev/full", "w", stdout) == nullptr) std::abort();
        std::exit(PrintAnswer("prog", {0, "text", ""}));
      },
      ::testing::ExitedWithCode(1),
      "prog: cannot write to standard output: No space left on device");
}

}  // namespace
}  // namespace oriel
