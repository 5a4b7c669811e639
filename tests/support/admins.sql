-- The columns of billing.admins that matter here, as current releases have them, and users as an installation makes them.
CREATE DATABASE billing;
CREATE TABLE billing.admins (
  id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
  reseller_id int unsigned DEFAULT NULL,
  login varchar(31) NOT NULL UNIQUE,
  md5pass char(32) DEFAULT NULL,
  saltedpass char(54) DEFAULT NULL,
  saltedpass_modify_timestamp timestamp NOT NULL DEFAULT current_timestamp(),
  is_master tinyint NOT NULL DEFAULT 0,
  is_superuser tinyint NOT NULL DEFAULT 0,
  is_active tinyint NOT NULL DEFAULT 1,
  auth_mode enum('local','ldap') NOT NULL DEFAULT 'local'
);
INSERT INTO billing.admins (reseller_id, login, md5pass, saltedpass, is_master, is_superuser, auth_mode) VALUES
  (1, 'administrator', NULL, 'AtAFGhepIuEaQ.dSfdJ6b.$TNfqchYY76HTh2FAgD3l4r9JFYmFr9i', 1, 1, 'local'),
  (1, 'ldapadmin', NULL, 'AtAFGhepIuEaQ.dSfdJ6b.$TNfqchYY76HTh2FAgD3l4r9JFYmFr9i', 1, 1, 'ldap');
CREATE USER 'sipwise'@'localhost' IDENTIFIED BY 'sampleSipwisePw000001';
GRANT ALL ON *.* TO 'sipwise'@'localhost' WITH GRANT OPTION;
CREATE USER 'debian-sys-maint'@'localhost' IDENTIFIED BY 'sampleDebianPw0000006';
GRANT ALL ON *.* TO 'debian-sys-maint'@'localhost';
