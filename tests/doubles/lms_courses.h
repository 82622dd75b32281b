/*
 * lms_courses - the catalogue, out of the database that config.yml names: the
 * courses of which somebody has a state.
 */
#ifndef DOUBLES_LMS_COURSES_H
#define DOUBLES_LMS_COURSES_H

struct cJSON;
struct config;

/* As /api/courses/v1/courses/ answers; NULL: the database does not. */
struct cJSON *
courses_list(const struct config *c);

#endif
