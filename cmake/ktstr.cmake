# SPDX-License-Identifier: GPL-2.0-only
include(CTest)
include(Catch)

# ktstr_library(NAME SOURCES ... LIBRARIES ...): a static library of one room.
function(ktstr_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC ${ARG_LIBRARIES})
endfunction()

# ktstr_static_program(NAME SOURCES ... ROOMS ... ARCHIVES ...): a small static program of these rooms' libraries, each before
# what it uses, and of archives of the distribution.
find_library(NETTLE_ARCHIVE libnettle.a REQUIRED)
function(ktstr_static_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;ROOMS;ARCHIVES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_options(${name} PRIVATE -static -Wl,--gc-sections $<$<NOT:$<CONFIG:Debug>>:-s>)
  foreach(room ${ARG_ROOMS})
    if(KTSTR_SANITIZE)
      # Sanitizers cannot be linked statically: everything again without them.
      get_target_property(folder ${room} SOURCE_DIR)
      get_target_property(sources ${room} SOURCES)
      list(TRANSFORM sources PREPEND ${folder}/)
      target_sources(${name} PRIVATE ${sources})
    else()
      # By file, because the targets carry the shared libraries of the distribution along.
      add_dependencies(${name} ${room})
      target_link_libraries(${name} PRIVATE $<TARGET_FILE:${room}>)
    endif()
  endforeach()
  if(KTSTR_SANITIZE)
    target_compile_options(${name} PRIVATE -fno-sanitize=all)
    target_link_options(${name} PRIVATE -fno-sanitize=all)
  endif()
  target_link_libraries(${name} PRIVATE nlohmann_json::nlohmann_json ${ARG_ARCHIVES})
endfunction()

# ktstr_compile_quickly(TARGET...): for code that spends its time elsewhere. A third of the compiler's time is the
# optimizer's.
function(ktstr_compile_quickly)
  foreach(target ${ARGN})
    target_compile_options(${target} PRIVATE $<$<CONFIG:RelWithDebInfo>:-O1>)
  endforeach()
endfunction()

# ktstr_alone(FILES...): these are compiled by themselves where the others are compiled several at a time.
function(ktstr_alone)
  set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

# ktstr_test(NAME SOURCES ... LIBRARIES ...): a Catch2 program that needs no VM; each test case is one ctest test.
function(ktstr_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  ktstr_compile_quickly(${name})
  target_compile_options(${name} PRIVATE $<$<CONFIG:RelWithDebInfo>:-g0>) # a check that fails says where
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} Catch2::Catch2WithMain)
  catch_discover_tests(${name} TEST_PREFIX "${name}: " DISCOVERY_MODE PRE_TEST)
endfunction()

# ktstr_embed(TARGET NAMESPACE VARIABLE FILES...): the files as a table of {name, content} in the program, so that it needs
# no data directory. Declares `extern const std::vector<std::pair<std::string_view, std::string_view>>` VARIABLE.
function(ktstr_embed target namespace variable)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${variable}.cpp)
  set(paths)
  foreach(file ${ARGN})
    list(APPEND paths ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
  string(REPLACE ";" "|" joined "${paths}")
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DNAMESPACE=${namespace} -DVARIABLE=${variable} "-DFILES=${joined}"
            -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${paths} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
