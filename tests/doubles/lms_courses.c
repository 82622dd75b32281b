/*
 * lms_courses - see lms_courses.h.
 */
#include "lms_courses.h"

#include <stdbool.h>
#include <stdlib.h>

#include <cjson/cJSON.h>
#include <mysql.h>

#include "lms_config.h"
#include "lms_health.h"

/* block-v1:Org+Course+Run+type@... is of course-v1:Org+Course+Run. */
static const char COURSES[] =
    "SELECT DISTINCT CONCAT('course-v1:', SUBSTRING_INDEX(SUBSTRING("
    "module_id, 10), '+', 3)) FROM courseware_studentmodule "
    "WHERE module_id LIKE 'block-v1:%' ORDER BY 1";

static cJSON *
read_courses(MYSQL *m)
{
	MYSQL_RES *rows = mysql_query(m, COURSES) == 0
	    ? mysql_store_result(m) : NULL;
	cJSON *results;
	MYSQL_ROW row;

	if (rows == NULL)
		return NULL;
	results = cJSON_CreateArray();
	while ((row = mysql_fetch_row(rows)) != NULL) {
		cJSON *course = cJSON_CreateObject();

		cJSON_AddStringToObject(course, "course_id", row[0]);
		cJSON_AddStringToObject(course, "id", row[0]);
		cJSON_AddItemToArray(results, course);
	}
	mysql_free_result(rows);
	return results;
}

cJSON *
courses_list(const struct config *c)
{
	char says[HEALTH_TEXT];
	MYSQL *m = health_login(c, says);
	cJSON *results = m != NULL ? read_courses(m) : NULL;
	cJSON *doc, *pages;

	if (m != NULL)
		mysql_close(m);
	if (results == NULL)
		return NULL;
	doc = cJSON_CreateObject();
	pages = cJSON_AddObjectToObject(doc, "pagination");
	cJSON_AddNullToObject(pages, "next");
	cJSON_AddNullToObject(pages, "previous");
	cJSON_AddNumberToObject(pages, "count", cJSON_GetArraySize(results));
	cJSON_AddNumberToObject(pages, "num_pages", 1);
	cJSON_AddItemToObject(doc, "results", results);
	return doc;
}
