// SPDX-License-Identifier: GPL-2.0-only
// What completes the command line, in the shells themselves; and the manual page, as groff reads it.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "tests/vm/ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

namespace {

// The script of a shell, in the sandbox.
void put_script(const Sandbox& sandbox, const std::string& shell, const std::string& file) {
    const auto outcome = run_ktstr(sandbox, {"completions", shell});
    REQUIRE(outcome.exit.exit_code == 0);
    sandbox.write(file, outcome.output);
}

std::string run_in(const Sandbox& sandbox, const std::vector<std::string>& arguments) {
    const auto ran = run_command({.arguments = arguments, .directory = sandbox.path("work").string()}, true);
    REQUIRE(ran.ok());
    INFO(ran->output);
    REQUIRE(ran->exit.clean());
    return ran->output;
}

} // namespace

TEST_CASE("bash completes commands, options, their values and files") {
    const Sandbox sandbox;
    put_script(sandbox, "bash", "script");
    sandbox.write("one.ktl", "");
    sandbox.write("try", R"(source ./script
try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _ktstr; echo "${COMPREPLY[*]}"; }
try ktstr ru
try ktstr run --acc
try ktstr run --accel ''
try ktstr run one
try ktstr kernel l
try ktstr run --out one
try ktstr completions ''
try ktstr kernel build --so
)");
    CHECK(run_in(sandbox, {"bash", "--norc", "./try"}) ==
          "run\n--accel\nkvm tcg\none.ktl\nlist\none.ktl\n-h --help bash zsh fish\n--source\n");
}

TEST_CASE("fish completes commands, options, their values and files, and says what they are") {
    const Sandbox sandbox;
    put_script(sandbox, "fish", "ktstr.fish");
    sandbox.write("one.ktl", "");
    const auto complete = [&](const std::string& line) {
        return run_in(sandbox, {"fish", "--no-config", "-c", "source ktstr.fish; complete -C'" + line + "'"});
    };
    CHECK_THAT(complete("ktstr ru"), StartsWith("run\trun every scenario"));
    CHECK_THAT(complete("ktstr run --acc"), StartsWith("--accel\tkvm or tcg"));
    CHECK_THAT(complete("ktstr run --accel t"), StartsWith("tcg\t"));
    CHECK_THAT(complete("ktstr run on"), StartsWith("one.ktl"));
    CHECK_THAT(complete("ktstr kernel li"), StartsWith("list\t"));
    CHECK_THAT(complete("ktstr kernel build --so"), StartsWith("--source\t"));
}

TEST_CASE("zsh completes commands, options, their values and files") {
    const Sandbox sandbox;
    put_script(sandbox, "zsh", "_ktstr");
    sandbox.write("one.ktl", "");
    // An interactive zsh on a pseudo-terminal; what is on its line after Tab, a widget on Ctrl-T says.
    sandbox.write("try", R"(zmodload zsh/zpty
zpty -b shell TERM=dumb zsh -f -i
zpty -w shell 'PS1= ; autoload -Uz compinit; compinit -u -D; source ./_ktstr'
zpty -w shell 'say() { print -r -- "line""=<$BUFFER>"; BUFFER=; }; zle -N say; bindkey "^T" say; unsetopt zle_bracketed_paste; echo rea''dy'
zpty -r shell out '*ready*'
for line in 'ktstr check' 'ktstr run --acce' 'ktstr run --accel tc' 'ktstr run on' 'ktstr kernel bui' 'ktstr kernel build --so'; do
  zpty -w -n shell "$line"$'\t\x14'
  zpty -r shell out '*line=<*>*'
  print -r -- ${${out##*line=<}%%>*}
done
)");
    CHECK(run_in(sandbox, {"zsh", "-f", "./try"}) ==
          "ktstr check \nktstr run --accel \nktstr run --accel tcg \nktstr run one.ktl \nktstr kernel build \n"
          "ktstr kernel build --source \n");
}

TEST_CASE("the manual page has every command and option, and groff has nothing against it") {
    const Sandbox sandbox;
    const auto page = run_ktstr(sandbox, {"man"});
    REQUIRE(page.exit.exit_code == 0);
    sandbox.write("ktstr.1", page.output);
    const std::string text = run_in(sandbox, {"groff", "-man", "-Tascii", "-P-cbou", "-ww", "-rLL=100n", "ktstr.1"});
    INFO(text);
    CHECK_THAT(text, StartsWith("KTSTR(1)"));
    CHECK(text.find("troff:") == std::string::npos);
    for (const char* wanted : {"ktstr kernel build", "--accel kvm|tcg", "--monitor-ms", "EXIT CODES",
                               "KTSTR_TEMPLATE_LIMIT", "ktstr ctprof compare"})
        CHECK_THAT(text, ContainsSubstring(wanted));
}
