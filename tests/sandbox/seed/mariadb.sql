-- What the old side left behind: one instance whose user may do everything,
-- another tenant, and what Launchpad made for the new instance.

-- Nobody logs in as root but over the socket.
DELETE FROM mysql.global_priv WHERE User = '' OR (User = 'root' AND Host <> 'localhost');
DELETE FROM mysql.proxies_priv WHERE Host <> 'localhost';
FLUSH PRIVILEGES;

CREATE USER '${SB_MYSQL_ADMIN}'@'%' IDENTIFIED BY '${SB_MYSQL_ADMIN_PASSWORD}';
GRANT ALL PRIVILEGES ON *.* TO '${SB_MYSQL_ADMIN}'@'%' WITH GRANT OPTION;
CREATE USER '${SB_MYSQL_USER}'@'%' IDENTIFIED BY '${SB_MYSQL_PASSWORD}';
GRANT ALL PRIVILEGES ON *.* TO '${SB_MYSQL_USER}'@'%' WITH GRANT OPTION;

CREATE DATABASE `${SB_MYSQL_OTHER}`;
CREATE USER 'other'@'%' IDENTIFIED BY '${SB_MYSQL_OTHER_PASSWORD}';
GRANT ALL PRIVILEGES ON `other\_openedx`.* TO 'other'@'%';
CREATE TABLE `${SB_MYSQL_OTHER}`.auth_user (id INT PRIMARY KEY, username VARCHAR(150) NOT NULL);
INSERT INTO `${SB_MYSQL_OTHER}`.auth_user VALUES (1, 'somebody-else');

CREATE DATABASE `${SB_NEW_MYSQL_DATABASE}`;
CREATE USER '${SB_NEW_MYSQL_USER}'@'%' IDENTIFIED BY '${SB_NEW_MYSQL_PASSWORD}';
GRANT ALL PRIVILEGES ON `acme\_launchpad`.* TO '${SB_NEW_MYSQL_USER}'@'%';

CREATE DATABASE `${SB_MYSQL_DATABASE}`;
USE `${SB_MYSQL_DATABASE}`;
CREATE TABLE django_migrations (
	id BIGINT AUTO_INCREMENT PRIMARY KEY,
	app VARCHAR(255) NOT NULL,
	name VARCHAR(255) NOT NULL,
	applied DATETIME(6) NOT NULL
);
INSERT INTO django_migrations (app, name, applied) VALUES
	('contenttypes', '0001_initial', '2024-03-01 09:00:00'),
	('auth', '0001_initial', '2024-03-01 09:00:01'),
	('courseware', '0001_initial', '2024-03-01 09:00:02'),
	('courseware', '0016_lastseencoursewaretimezone', '2025-06-10 07:12:44');
CREATE TABLE django_site (
	id INT AUTO_INCREMENT PRIMARY KEY,
	domain VARCHAR(100) NOT NULL UNIQUE,
	name VARCHAR(50) NOT NULL
);
INSERT INTO django_site VALUES
	(1, 'example.com', 'example.com'),
	(2, '${SB_LMS_HOST}', '${SB_LMS_HOST}');
CREATE TABLE auth_user (
	id INT AUTO_INCREMENT PRIMARY KEY,
	username VARCHAR(150) NOT NULL UNIQUE,
	email VARCHAR(254) NOT NULL,
	password VARCHAR(128) NOT NULL,
	is_staff BOOL NOT NULL,
	date_joined DATETIME(6) NOT NULL
);
INSERT INTO auth_user (username, email, password, is_staff, date_joined)
	SELECT CONCAT('learner', seq), CONCAT('learner', seq, '@example.test'),
		'!', seq = 1, '2024-03-02' + INTERVAL seq HOUR
	FROM seq_1_to_200;
CREATE TABLE courseware_studentmodule (
	id BIGINT AUTO_INCREMENT PRIMARY KEY,
	module_id VARCHAR(255) NOT NULL,
	student_id INT NOT NULL,
	state LONGTEXT,
	grade DOUBLE,
	modified DATETIME(6) NOT NULL,
	FOREIGN KEY (student_id) REFERENCES auth_user (id)
);
INSERT INTO courseware_studentmodule (module_id, student_id, state, grade, modified)
	SELECT CONCAT('block-v1:Acme+Zoo+2024+type@problem+block@', MD5(seq)),
		1 + seq MOD 200, '{"attempts": 1, "done": true, "naïve": "✓"}',
		seq MOD 5 / 4, '2025-01-01' + INTERVAL seq MINUTE
	FROM seq_1_to_1000;
